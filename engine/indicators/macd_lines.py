"""One MACD with many signal lines, by compiled loops: features are computed without these."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from engine.indicators.gaps import runs_of, without_rounding
from engine.indicators.momentum import macd_signal, macd_warm_up
from engine.indicators.reference import in_price, talib
from engine.indicators.rolling import rolling
from engine.market.bars import Bars, Floats


def average(bars: Bars, window: int) -> Floats:
    """The exponential average of each unbroken run of closes, from its first value on."""
    return in_price(lambda close: np.asarray(talib().EMA(close, window)), window - 1, bars.close)


def macd_line(fast: Floats, slow: Floats) -> Floats:
    """The MACD of two ``average`` lines from its first value on, which ``macd`` and its signals warm up from."""
    return without_rounding(fast - slow, slow)


def known_runs(bars: Bars) -> list[tuple[int, int]]:
    """Start and end of each unbroken run of closes."""
    return runs_of(np.isfinite(bars.close))


def warmed_up(line: Floats, slow: int, runs: Sequence[tuple[int, int]]) -> Floats:
    """``momentum.macd``, of a ``macd_line`` and the ``known_runs``."""
    found, late = line.copy(), macd_warm_up(slow)
    for start, stop in runs:
        found[start : min(start + late, stop)] = np.nan
    return found


def macd_signals(
    bars: Bars, fast: int, slow: int, signals: Sequence[int], line: Floats, runs: Sequence[tuple[int, int]]
) -> Floats:
    """``macd_signal`` for each of ``signals``: (signals, bars); ``line`` is the ``macd_line``."""
    once = _rounded_once()
    if once is None:
        return np.array([macd_signal(bars, fast, slow, signal) for signal in signals])
    windows, known = np.array(signals, dtype=np.int64), slow - 1
    late = np.array([macd_warm_up(slow, signal) - known for signal in signals])
    found, end = np.empty((len(line), len(windows))), 0
    for start, stop in runs:  # each writes into its place: lines are too long to be copied
        first = min(start + known, stop)
        found[end:first], end = np.nan, stop
        if first < stop:
            rolling().recursive.exponential_means(line[first:stop], windows, late, once, found[first:stop])
    found[end:] = np.nan
    return found.T


@cache
def _rounded_once() -> bool | None:
    """Whether this build of TA-Lib rounds product and sum of an exponential average once, as processors can, or each by
    itself; None where it does neither.
    """
    values, windows = np.sin(np.arange(400.0)) + 0.1, np.arange(2, 30)
    expected, found = [talib().EMA(values, int(window)) for window in windows], np.empty((len(values), len(windows)))
    for once in (True, False):
        rolling().recursive.exponential_means(values, windows, windows - 1, once, found)
        if np.array_equal(found.T, expected, equal_nan=True):
            return once
    return None
