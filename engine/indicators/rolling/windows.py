"""Means, deviations and extremes of many rolling windows at once.

Each window is the one before it and an older value, so that one pass over a series gives all of them: every value of
the last of ``windows`` costs one step, whether or not that window is asked for. The steps go through a ``BLOCK`` of
neighbouring bars side by side, in the processor's vector registers, and what they carry stays in its first cache.

``values`` are float64 (series, bars), ``windows`` ascending, and ``out`` is (series, windows, bars). NaN as in the
other loops. A window's figures follow from its own values alone, in the same order on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.indicators.rolling.kernel import kernel
from engine.market.bars import Floats

Windows = NDArray[np.int64]

BLOCK = 512
"""Bars: a few such arrays fit into 32 kB."""


@kernel
def means(values: Floats, windows: Windows, out: Floats) -> None:
    """Means, each from that of the window before it: exact for equal values, and large values with small differences
    lose no digits.
    """
    known, mean = np.empty(values.shape[1]), np.empty(BLOCK)
    for row in range(values.shape[0]):
        _finite(values[row], 1.0, known)
        for start in range(0, len(known), BLOCK):
            last = known[start : start + BLOCK]
            mean[: len(last)] = last
            place = 0
            for window in range(1, windows[-1] + 1):
                head = min(max(window - 1 - start, 0), len(last))
                older, own = _aligned(known, start, window, head), mean[head : len(last)]
                if window == windows[place]:
                    found = out[row, place, start : start + len(last)]
                    found[:head] = np.nan
                    _step_mean(older, own, 1.0 / window, found[head:])
                    place += 1
                else:
                    for at in range(len(own)):
                        own[at] += (older[at] - own[at]) * (1.0 / window)


@kernel
def deviations(values: Floats, windows: Windows, freedom: int, out: Floats) -> None:
    """Standard deviations: the root of squared distances from the mean over ``window - freedom``; NaN where that is not
    positive. Welford's sum of squared distances (Technometrics 4, 1962), value by value, with the mean as distance
    from the last one: equal values have zero, and large ones with small differences lose no digits.
    """
    known, mean, squares = np.empty(values.shape[1]), np.empty(BLOCK), np.empty(BLOCK)
    for row in range(values.shape[0]):
        _finite(values[row], 1.0, known)
        for start in range(0, len(known), BLOCK):
            last = known[start : start + BLOCK]
            mean[: len(last)] = last - last
            squares[: len(last)] = last - last
            place = 0
            for window in range(1, windows[-1] + 1):
                head = min(max(window - 1 - start, 0), len(last))
                own = squares[head : len(last)]
                if window > 1:
                    older, centre = _aligned(known, start, window, head), mean[head:]
                    _step_squares(older, last[head:], centre, own, 1.0 / window, (window - 1.0) / window)
                if window == windows[place]:
                    found = out[row, place, start : start + len(last)]
                    found[:head] = np.nan
                    _root(own, 1.0 / (window - freedom) if window > freedom else np.nan, found[head:])
                    place += 1


@kernel
def extremes(values: Floats, windows: Windows, sign: float, out: Floats) -> None:
    """The highest values (``sign`` 1) or the lowest (-1)."""
    known, most = np.empty(values.shape[1]), np.empty(BLOCK)
    for row in range(values.shape[0]):
        _finite(values[row], sign, known)
        for start in range(0, len(known), BLOCK):
            last = known[start : start + BLOCK]
            most[: len(last)] = last
            place = 0
            for window in range(1, windows[-1] + 1):
                head = min(max(window - 1 - start, 0), len(last))
                older, own = _aligned(known, start, window, head), most[head : len(last)]
                for at in range(len(own)):
                    # A NaN is less than nothing: it stays where it is, and replaces what it is compared with.
                    own[at] = own[at] if own[at] >= older[at] or own[at] != own[at] else older[at]
                if window == windows[place]:
                    found = out[row, place, start : start + len(last)]
                    found[:head] = np.nan
                    for at in range(len(own)):
                        found[head + at] = sign * own[at]
                    place += 1


@kernel
def _finite(values: Floats, sign: float, known: Floats) -> None:
    """``values`` times ``sign`` into ``known``, with what is infinite made NaN."""
    for bar in range(len(known)):
        known[bar] = sign * values[bar] if np.isfinite(values[bar]) else np.nan


@kernel
def _aligned(known: Floats, start: int, window: int, head: int) -> Floats:
    """The oldest value of the ``window`` that ends at each bar from ``start`` on, the first ``head`` of them apart."""
    first = start - window + 1 + head
    return known[first : first + BLOCK]


@kernel
def _step_mean(older: Floats, mean: Floats, share: float, found: Floats) -> None:
    for at in range(len(found)):
        mean[at] += share * (older[at] - mean[at])
        found[at] = mean[at]


@kernel
def _step_squares(older: Floats, last: Floats, mean: Floats, squares: Floats, share: float, rest: float) -> None:
    for at in range(len(squares)):
        apart = (older[at] - last[at]) - mean[at]
        mean[at] += share * apart
        squares[at] += rest * apart * apart


@kernel
def _root(squares: Floats, share: float, found: Floats) -> None:
    for at in range(len(found)):
        found[at] = np.sqrt(share * squares[at])
