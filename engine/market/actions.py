"""Splits and dividends, recovered from where the adjusted close moves and the supplied one does not follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING, _SPLIT, _DRIFT = 1e-5, 1.25, 0.01
"""Steps of the ratio below the first are rounding; from the second on, up or down, they are splits."""


@dataclass(frozen=True, eq=False)
class Dividends:
    """``cash`` per unit for who holds over the start of each bar of ``time``, ascending, in the bars' own units."""

    time: NDArray[np.datetime64]
    cash: Floats


@dataclass(frozen=True, eq=False)
class Actions:
    """``splits`` are the units that one becomes at the start of each bar (1 for most), ``cash`` what goes ex there per
    old unit. ``faults`` are bars whose adjusted close moves as neither makes it move, and which count for nothing.
    ``drift`` is what all steps but splits multiply to.
    """

    splits: Floats
    cash: Floats
    faults: NDArray[np.bool_]
    drift: float

    @property
    def unexplained(self) -> bool:
        """Whether the adjusted close departs from the supplied one though no dividend was found."""
        return not self.cash.any() and not abs(self.drift - 1) <= _DRIFT


def actions(close: Floats, adj_close: Floats) -> Actions:
    """What happened to ``close`` that ``adj_close`` does not show.

    The ratio of adjusted to supplied close steps up by the factor of a split, and by 1 / (1 - dividend / last close) at
    a dividend (the method of CRSP, which Yahoo follows). Providers that divide by the close of the day itself are off
    by that day's move: a hundredth of the dividend or so. A step of a quarter or more counts as a split, whatever it
    was. A ratio falls by rounding or by a reverse split alone: steps up to four times the largest falls but one in a
    hundred are rounding, other falls are faults of the data, and so is a bar that the next one takes back.
    """
    splits, cash, faults = np.ones(len(close)), np.zeros(len(close)), np.zeros(len(close), dtype=np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = adj_close / close
    known = np.flatnonzero(np.isfinite(ratio) & (ratio > 0))
    rounding = _rounding(ratio[known])
    undone = known[1:-1][_undone(ratio[known], rounding)]
    faults[undone] = True
    known = known[~faults[known]]
    before, at = known[:-1], known[1:]
    step = ratio[at] / ratio[before]
    is_split = (step >= _SPLIT) | (step <= 1 / _SPLIT)
    pays = ~is_split & (step > 1 + rounding)
    faults[at[~is_split & (step < 1 - rounding)]] = True
    splits[at[is_split]] = step[is_split]
    cash[at[pays]] = close[before[pays]] * (1 - 1 / step[pays])
    return Actions(splits, cash, faults, float(np.prod(step[~is_split])))


def _rounding(ratio: Floats) -> float:
    falls = np.maximum(1 - ratio[1:] / ratio[:-1], 0.0)
    usual = float(np.quantile(falls, 0.99, method="lower")) if len(falls) else 0.0
    return min(max(_ROUNDING, 4 * usual), _SPLIT - 1)


def _undone(ratio: Floats, rounding: float) -> NDArray[np.bool_]:
    """Of all but the first and last: whether it departs from the one before, and the next one is back there."""
    departs, stays = ratio[1:-1] / ratio[:-2] - 1, ratio[2:] / ratio[:-2] - 1
    undone: NDArray[np.bool_] = (np.abs(departs) > rounding) & (np.abs(stays) <= rounding)
    return undone


def units_later(splits: Floats) -> Floats:
    """Units that one of each bar has become by the last bar."""
    whole: Any = np.cumprod(splits[::-1])[::-1]
    later: Floats = whole / splits
    return later
