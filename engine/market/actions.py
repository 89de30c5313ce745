"""Splits and dividends: as a source reports them, else recovered from where the adjusted close moves by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING, _SPLIT, _DRIFT = 1e-5, 1.25, 0.01
"""Steps of the ratio below the first are rounding; from the second on, up or down, they are splits."""
_APART = 0.002
"""How far a step may be from what is reported: providers round, and differ in the close that they divide by."""
_STRETCH = 10
"""Bars at most in a row that are wrong; what lasts longer is taken for true."""


@dataclass(frozen=True, eq=False)
class Dividends:
    """``cash`` per unit for who holds over the start of each bar of ``time``, ascending, in the bars' own units."""

    time: NDArray[np.datetime64]
    cash: Floats


@dataclass(frozen=True, eq=False)
class Actions:
    """``splits`` are the units that one becomes at the start of each bar (1 for most), ``cash`` what goes ex there per
    unit of that bar. ``faults`` are bars whose adjusted close moves as neither makes it move: where the actions are
    recovered, they count for nothing. ``drift`` is what all steps but splits multiply to.
    """

    splits: Floats
    cash: Floats
    faults: NDArray[np.bool_]
    drift: float = 1.0

    @property
    def unexplained(self) -> bool:
        """Whether the adjusted close departs from the supplied one though no dividend was found."""
        return not self.cash.any() and not abs(self.drift - 1) <= _DRIFT


def reported(close: Floats, adj_close: Floats, splits: Floats, cash: Floats) -> Actions:
    """``splits`` and ``cash`` (per unit of the bar) as the source has them, where zero and NaN are none; those of the
    first bar are nobody's. A fault is a step of the adjusted close that is not theirs, or theirs and not there.

    Prices from which the source has taken its splits out, as Yahoo does, show none: each is then 1.
    """
    splits, cash = np.where(splits > 0, splits, 1.0), np.nan_to_num(cash)
    splits[:1], cash[:1] = 1.0, 0.0
    faults = np.zeros(len(close), dtype=np.bool_)
    ratio, known = _ratio(close, adj_close)
    before, at = known[:-1], known[1:]
    factor, paid = np.cumprod(splits), np.cumsum(cash)
    split, spent = factor[at] / factor[before], paid[at] - paid[before]
    with np.errstate(divide="ignore", invalid="ignore"):
        step = split / (1 - spent * split / close[before])
        faults[at] = ~(np.abs(ratio[at] / ratio[before] / step - 1) <= max(_APART, _rounding(ratio[known])))
    return Actions(splits, cash, faults)


def actions(close: Floats, adj_close: Floats) -> Actions:
    """What happened to ``close`` that ``adj_close`` does not show.

    The ratio of adjusted to supplied close steps up by the factor of a split, and by 1 / (1 - dividend / last close) at
    a dividend (the method of CRSP, which Yahoo follows). Providers that divide by the close of the day itself are off
    by that day's move: a hundredth of the dividend or so. A step of a quarter or more counts as a split, whatever it
    was. A ratio falls by rounding or by a reverse split alone: steps up to four times the largest falls but one in a
    hundred are rounding, other falls are faults of the data, and so are a few bars without which there is none.
    """
    splits, cash, faults = np.ones(len(close)), np.zeros(len(close)), np.zeros(len(close), dtype=np.bool_)
    ratio, known = _ratio(close, adj_close)
    rounding = _rounding(ratio[known])
    kept = _kept(ratio[known], rounding)
    faults[known[~kept]] = True
    known = known[kept]
    before, at = known[:-1], known[1:]
    step = ratio[at] / ratio[before]
    is_split = (step >= _SPLIT) | (step <= 1 / _SPLIT)
    pays = ~is_split & (step > 1 + rounding)
    faults[at[~is_split & (step < 1 - rounding)]] = True
    splits[at[is_split]] = step[is_split]
    cash[at[pays]] = close[before[pays]] * (1 - 1 / step[pays])
    return Actions(splits, cash, faults, float(np.prod(step[~is_split])))


def _ratio(close: Floats, adj_close: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Adjusted over supplied close, and the bars that have both."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = adj_close / close
    return ratio, np.flatnonzero(np.isfinite(ratio) & (ratio > 0))


def _rounding(ratio: Floats) -> float:
    falls = np.maximum(1 - ratio[1:] / ratio[:-1], 0.0)
    usual = float(np.quantile(falls, 0.99, method="lower")) if len(falls) else 0.0
    return min(max(_ROUNDING, 4 * usual), _SPLIT - 1)


def _kept(ratio: Floats, rounding: float) -> NDArray[np.bool_]:
    """Which bars are right: those on the cheapest way from the first to the last, where leaving a bar out costs one,
    and a fall, which a stretch of bars that are wrong always has at one of its ends, ``_STRETCH``.
    """
    falls = ratio[1:] < ratio[:-1] * (1 - rounding)
    if not falls.any():
        return np.ones(len(ratio), dtype=np.bool_)
    near = np.convolve(falls, np.ones(_STRETCH))[: len(falls)] > 0
    cost, came = np.zeros(len(ratio)), np.arange(len(ratio)) - 1
    for at in range(1, len(ratio)):
        if not near[at - 1]:
            cost[at] = cost[at - 1]
            continue
        before = np.arange(at - 1, max(at - _STRETCH, 0) - 1, -1)
        way = cost[before] + (at - 1 - before) + _STRETCH * (ratio[at] < ratio[before] * (1 - rounding))
        came[at], cost[at] = before[way.argmin()], way.min()
    kept = np.zeros(len(ratio), dtype=np.bool_)
    at = len(ratio) - 1
    while at >= 0:
        kept[at], at = True, came[at]
    return kept


def units_later(splits: Floats) -> Floats:
    """Units that one of each bar has become by the last bar."""
    whole: Any = np.cumprod(splits[::-1])[::-1]
    later: Floats = whole / splits
    return later
