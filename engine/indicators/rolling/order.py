"""Extremes, ranks and quantiles of rolling windows."""

from __future__ import annotations

import numpy as np

from engine.indicators.rolling.kernel import kernel
from engine.market.bars import Floats


@kernel
def rolling_extreme(values: Floats, window: int, sign: float, ago: bool, out: Floats) -> None:
    """The highest value of each window (``sign`` 1) or the lowest (-1); with ``ago`` the bars since it instead, 0 for
    the last, of equal ones the latest. Each value enters and leaves a queue once (Lemire 2006), whatever the window.
    """
    queue = np.empty(values.shape[1], np.int64)
    for row in range(values.shape[0]):
        run, first, count = 0, 0, 0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, first, count, out[row, bar] = 0, 0, 0, np.nan
                continue
            run += 1
            while count > first and (value - values[row, queue[count - 1]]) * sign >= 0.0:
                count -= 1
            queue[count] = bar
            count += 1
            if queue[first] <= bar - window:
                first += 1
            if run < window:
                out[row, bar] = np.nan
            else:
                place = queue[first]
                out[row, bar] = float(bar - place) if ago else values[row, place]


@kernel
def rolling_rank(values: Floats, window: int, out: Floats) -> None:
    """The place of the last value among its window from 0, the lowest, to 1, the highest; equal values share the middle
    of theirs. NaN for a window of one.
    """
    for row in range(values.shape[0]):
        run = 0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, out[row, bar] = 0, np.nan
                continue
            run += 1
            if run < window or window < 2:
                out[row, bar] = np.nan
                continue
            below, equal = 0, 0
            for place in range(bar - window + 1, bar):
                below += values[row, place] < value
                equal += values[row, place] == value
            out[row, bar] = (below + 0.5 * equal) / (window - 1)


@kernel
def rolling_quantile(values: Floats, window: int, share: float, out: Floats) -> None:
    """The value below which ``share`` of the window lies, interpolated between neighbours (type 7 of Hyndman and Fan
    1996, NumPy's default). The window is held sorted: a value is put in and another taken out at each bar.
    """
    ordered = np.empty(window)
    at = share * (window - 1)
    low = int(np.floor(at))
    high, part = min(low + 1, window - 1), at - low
    for row in range(values.shape[0]):
        run = 0
        for bar in range(values.shape[1]):
            value = values[row, bar]
            if not np.isfinite(value):
                run, out[row, bar] = 0, np.nan
                continue
            count = min(run, window)
            if run >= window:
                place = np.searchsorted(ordered, values[row, bar - window])
                for move in range(place, window - 1):
                    ordered[move] = ordered[move + 1]
                count = window - 1
            place = np.searchsorted(ordered[:count], value)
            for move in range(count, place, -1):
                ordered[move] = ordered[move - 1]
            ordered[place] = value
            run += 1
            if run < window:
                out[row, bar] = np.nan
            else:
                out[row, bar] = ordered[low] + part * (ordered[high] - ordered[low])
