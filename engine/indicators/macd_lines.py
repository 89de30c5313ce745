"""One MACD with many signal lines, by compiled loops: features are computed without these."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from engine.indicators.gaps import runs_of
from engine.indicators.momentum import macd_of_run, macd_signal, macd_warm_up
from engine.indicators.reference import in_price, talib
from engine.indicators.rolling import rolling
from engine.market.bars import Bars, Floats


def macd_line(bars: Bars, fast: int, slow: int) -> Floats:
    """The MACD of each unbroken run of closes from its first value on, which ``macd`` and its signals warm up from."""
    return in_price(lambda close: macd_of_run(close, fast, slow), slow - 1, bars.close)


def warmed_up(line: Floats, slow: int) -> Floats:
    """``momentum.macd``, of a ``macd_line``."""
    found, late = line.copy(), macd_warm_up(slow) - (slow - 1)
    for start, stop in runs_of(np.isfinite(line)):
        found[start : min(start + late, stop)] = np.nan
    return found


def macd_signals(bars: Bars, fast: int, slow: int, signals: Sequence[int], line: Floats) -> Floats:
    """``macd_signal`` for each of ``signals``: (signals, bars); ``line`` is the ``macd_line``."""
    once = _rounded_once()
    if once is None:
        return np.array([macd_signal(bars, fast, slow, signal) for signal in signals])
    windows, known = np.array(signals, dtype=np.int64), slow - 1
    late = np.array([macd_warm_up(slow, signal) - known for signal in signals])
    found, end = np.empty((len(line), len(windows))), 0
    for start, stop in runs_of(np.isfinite(line)):  # each writes into its place: lines are too long to be copied
        found[end:start], end = np.nan, stop
        rolling().recursive.exponential_means(line[start:stop], windows, once, found[start:stop])
        first = found[start : min(start + int(late.max()), stop)]
        first[np.arange(len(first))[:, None] < late] = np.nan
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
        rolling().recursive.exponential_means(values, windows, once, found)
        if np.array_equal(found.T, expected, equal_nan=True):
            return once
    return None
