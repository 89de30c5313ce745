"""Splits and dividends, recovered from where the adjusted close moves and the supplied one does not follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING, _SPLIT = 1e-5, 1.25
"""Steps of the ratio below the first are rounding; from the second on, or below one, they are splits."""


@dataclass(frozen=True, eq=False)
class Dividends:
    """``cash`` per unit for who holds over the start of each bar of ``time``, ascending, in the bars' own units."""

    time: NDArray[np.datetime64]
    cash: Floats


def actions(close: Floats, adj_close: Floats) -> tuple[Floats, Floats]:
    """Units that one becomes at the start of each bar (1 for most), and cash per old unit that goes ex there.

    The ratio of adjusted to supplied close steps up by the factor of a split, and by 1 / (1 - dividend / last close) at
    a dividend (the method of CRSP, which Yahoo follows). Providers that divide by the close of the day itself are off
    by that day's move: a hundredth of the dividend or so. A step of a quarter or more counts as a split, whatever it
    was; a ratio falls by rounding or by a reverse split alone, and steps up to four times such a rounding count as one.
    """
    splits, cash = np.ones(len(close)), np.zeros(len(close))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = adj_close / close
    known = np.flatnonzero(np.isfinite(ratio) & (ratio > 0))
    before, at = known[:-1], known[1:]
    step = ratio[at] / ratio[before]
    falls = 1 - step[(step < 1) & (step > 0.99)]
    rounding = max(_ROUNDING, 4 * float(falls.max(initial=0.0)))
    is_split = (step >= _SPLIT) | (step <= 0.99)
    pays = ~is_split & (step > 1 + rounding)
    splits[at[is_split]] = step[is_split]
    cash[at[pays]] = close[before[pays]] * (1 - 1 / step[pays])
    return splits, cash


def units_later(splits: Floats) -> Floats:
    """Units that one of each bar has become by the last bar."""
    whole: Any = np.cumprod(splits[::-1])[::-1]
    later: Floats = whole / splits
    return later
