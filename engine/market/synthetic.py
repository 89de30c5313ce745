"""Synthetic bars: of no symbol that anybody trades, and futures that did not happen, for checks without other data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from engine.market.bars import Bars, Floats, Series, Times
from engine.market.intervals import DAILY

COLUMNS = ("open", "high", "low", "close", "volume", "adj_close")
"""The columns of bars that every series has."""
KEPT_BARS = 10_000
"""Bars of a series up to which its other futures are kept."""
_TYPICAL = 0.02  # deviation of a bar's return where the history is too short to tell


def daily_bars(symbol: str, time: Times, columns: Mapping[str, Any]) -> Bars:
    """Daily bars of a share called ``symbol`` with these ``columns`` ("open" to "adj_close")."""
    about = Series(
        source="",
        collection="",
        symbol=symbol,
        interval=DAILY,
        kind="equity",
        currency="USD",
        timezone="America/New_York",
        tradeable=True,
        has_ohlc=True,
        has_volume=True,
        adjustment="none",
        rows=len(time),
        start=str(time[0]),
        end=str(time[-1]),
        origin="",
        licence="",
    )
    return Bars(about, time, **columns)


def with_other_future(bars: Bars, cut: int, seed: int = 0) -> Bars:
    """``bars`` whose columns are others from index ``cut`` on: a random walk from the last known close, as volatile as
    the returns before, with volume drawn from the volumes before. Times, and everything before ``cut``, stay.
    """
    if cut >= len(bars):
        return bars
    made = _with_other_future if len(bars) <= KEPT_BARS else _with_other_future.__wrapped__
    return made(bars, cut, seed)


@lru_cache(maxsize=64)
def _with_other_future(bars: Bars, cut: int, seed: int) -> Bars:
    """Kept, for a check asks for the same ones for each of its features."""
    count = len(bars) - cut
    random = np.random.default_rng([seed, cut])
    base, deviation = _level(bars.close[:cut]), _deviation(bars.close[:cut])
    close = base * np.exp(np.cumsum(random.normal(0, deviation, count)))
    open = close * np.exp(random.normal(0, deviation / 2, count))
    high = np.maximum(open, close) * np.exp(random.uniform(0, deviation, count))
    low = np.minimum(open, close) * np.exp(-random.uniform(0, deviation, count))
    volume = _drawn(bars.volume[:cut], random, count)
    adjusted = close * (_level(bars.adj_close[:cut]) / base)
    changed: dict[str, Floats] = dict(
        zip(COLUMNS, (open, high, low, close, volume, adjusted), strict=True),
        splits=np.ones(count),
        dividend_per_share=np.zeros(count),
        shares=np.full(count, 1.0 if bars.shares is None or not cut else bars.shares[cut - 1]),
        traded=volume,
    )
    joined: dict[str, Any] = {name: _joined(getattr(bars, name), cut, after) for name, after in changed.items()}
    return replace(bars, **joined)


def _joined(values: Floats | None, cut: int, after: Floats) -> Floats | None:
    return None if values is None else np.concatenate((values[:cut], after))


def _level(values: Floats) -> float:
    """The last known price above zero; 100 where there is none."""
    known = values[np.isfinite(values) & (values > 0)]
    return float(known[-1]) if len(known) else 100.0


def _deviation(close: Floats) -> float:
    """Of the logarithmic returns of up to 250 bars."""
    known = close[-250:][np.isfinite(close[-250:]) & (close[-250:] > 0)]
    found = float(np.std(np.diff(np.log(known)))) if len(known) > 20 else 0.0
    return found if 0 < found < 1 else _TYPICAL


def _drawn(volume: Floats, random: np.random.Generator, count: int) -> Floats:
    """Volumes as before; where those are none or all the same, from half of it to twice as much."""
    known = volume[np.isfinite(volume)]
    if len(known) and np.ptp(known) > 0:
        return random.choice(known, count)
    return np.rint(random.uniform(0.5, 2.0, count) * (known[-1] if len(known) and known[-1] > 0 else 1000.0))
