"""Bars made up for tests: every number is the test's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from engine.market.bars import Bars, Series

SERIES = Series(
    source="stored",
    collection="made-up",
    symbol="TEST",
    interval="1d",
    kind="equity",
    currency="USD",
    timezone="America/New_York",
    tradeable=True,
    has_ohlc=True,
    has_volume=True,
    adjustment="none",
    rows=0,
    start="",
    end="",
    origin="a test",
    licence="none",
)


def days(count: int, first: str = "2020-01-01") -> np.ndarray:
    """``count`` days from ``first`` on, as datetime64[ms]."""
    return (np.datetime64(first, "D") + np.arange(count)).astype("datetime64[ms]")


def make_bars(
    close: ArrayLike,
    *,
    open: ArrayLike | None = None,
    time: np.ndarray | Sequence[str] | None = None,
    adj_close: ArrayLike | None = None,
    **about: object,
) -> Bars:
    """Bars with these closes; opens equal them unless given, highs and lows span both.

    ``about`` changes fields of ``SERIES``.
    """
    closes = np.asarray(close, dtype=np.float64)
    opens = closes.copy() if open is None else np.asarray(open, dtype=np.float64)
    times = days(len(closes)) if time is None else np.asarray(time, dtype="datetime64[ms]")
    known = {"rows": len(closes), "start": str(times[0]), "end": str(times[-1])} if len(closes) else {}
    return Bars(
        series=replace(SERIES, **(known | about)),
        time=times,
        open=opens,
        high=np.fmax(opens, closes),
        low=np.fmin(opens, closes),
        close=closes,
        volume=np.full(len(closes), 1000.0),
        adj_close=closes.copy() if adj_close is None else np.asarray(adj_close, dtype=np.float64),
    )


def random_walk(count: int, seed: int = 0, **about: object) -> Bars:
    """A geometric random walk of 2% a bar whose opens differ from the closes before."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    open = close * np.exp(random.normal(0, 0.01, count))
    return make_bars(close, open=open, **about)


def cut(bars: Bars, count: int) -> Bars:
    """The first ``count`` bars."""
    return bars.slice(0, count)
