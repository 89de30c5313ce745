"""Extremes, ranks and quantiles of rolling windows."""

from __future__ import annotations

import numpy as np

from engine.indicators.rolling.kernel import kernel
from engine.indicators.rolling.windows import BLOCK
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

    A ``BLOCK`` of neighbouring bars is compared with the bars one before them, then two before, and so on: side by side
    in the processor's vector registers.
    """
    twice = np.empty(BLOCK)
    for row in range(values.shape[0]):
        run, own = 0, values[row]
        for start in range(0, len(own), BLOCK):
            last, found = own[start : start + BLOCK], out[row, start : start + BLOCK]
            twice[:] = 0.0
            for ago in range(1, min(window, start + len(last))):
                head = max(ago - start, 0)
                _compare(own[start + head - ago :], last[head:], twice[head:])
            for at in range(len(last)):
                run = run + 1 if np.isfinite(last[at]) else 0
                found[at] = 0.5 * twice[at] / (window - 1) if window > 1 and run >= window else np.nan


@kernel
def _compare(older: Floats, last: Floats, twice: Floats) -> None:
    """Adds 2 to ``twice`` where the older value is below the last, 1 where they are equal."""
    for at in range(len(last)):
        twice[at] += (1.0 if older[at] < last[at] else 0.0) + (1.0 if older[at] <= last[at] else 0.0)


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
