"""Splits and dividends, as reported by a source or recovered from the adjusted close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING, _SPLIT, _DRIFT = 1e-5, 1.25, 0.01
"""Steps of the ratio below the first are rounding; from the second on, up or down, they are splits."""
_TOLERANCE = 0.002
"""Tolerance between a step and the reported one: providers round, and differ in the close that they divide by."""
_MAXIMUM_FAULTY = 10
"""Longest run of bars that counts as faulty; a longer one is taken as correct."""


@dataclass(frozen=True, eq=False)
class Dividends:
    """``cash`` per unit held over the start of each bar of ``time``, ascending, in the bars' own units."""

    time: NDArray[np.datetime64]
    cash: Floats


@dataclass(frozen=True, eq=False)
class Actions:
    """``splits`` are the split factors at the start of each bar (1 for none), ``cash`` the dividends going ex there,
    per unit of that bar. ``faults`` mark bars whose adjusted close moves without either; they are ignored where the
    actions are recovered. ``drift`` is the product of all steps except splits.
    """

    splits: Floats
    cash: Floats
    faults: NDArray[np.bool_]
    drift: float = 1.0

    @property
    def has_unexplained_drift(self) -> bool:
        """Whether the adjusted close drifts from the supplied one although no dividend was found."""
        return not self.cash.any() and not abs(self.drift - 1) <= _DRIFT


def reported_actions(close: Floats, adj_close: Floats, splits: Floats, cash: Floats) -> Actions:
    """Actions from reported ``splits`` and ``cash`` (per unit of the bar), zero and NaN for none; those of the first
    bar are ignored. A fault is a step of the adjusted close that they do not explain, or a missing one.

    In split-adjusted prices, such as Yahoo's, each split is 1.
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
        faults[at] = ~(np.abs(ratio[at] / ratio[before] / step - 1) <= max(_TOLERANCE, _rounding(ratio[known])))
    return Actions(splits, cash, faults)


def recovered_actions(close: Floats, adj_close: Floats) -> Actions:
    """Actions recovered from the ratio of ``adj_close`` to ``close``.

    The ratio steps up by the factor of a split, and by 1 / (1 - dividend / last close) at a dividend (the method of
    CRSP, which Yahoo follows). Providers that divide by the close of the day itself are off by that day's move, about a
    hundredth of the dividend. A step of a quarter or more counts as a split. A ratio falls only by rounding or a
    reverse split: steps up to four times the 99% quantile of the falls are rounding, other falls are faults of the
    data, and so are a few bars whose removal leaves none.
    """
    splits, cash, faults = np.ones(len(close)), np.zeros(len(close)), np.zeros(len(close), dtype=np.bool_)
    ratio, known = _ratio(close, adj_close)
    rounding = _rounding(ratio[known])
    kept = _consistent(ratio[known], rounding)
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


def _consistent(ratio: Floats, rounding: float) -> NDArray[np.bool_]:
    """Mask of the consistent bars: those on the shortest path from the first to the last, where omitting a bar costs
    one, and a fall, which a run of faulty bars always has at one of its ends, costs ``_MAXIMUM_FAULTY``.
    """
    falls = ratio[1:] < ratio[:-1] * (1 - rounding)
    if not falls.any():
        return np.ones(len(ratio), dtype=np.bool_)
    near = np.convolve(falls, np.ones(_MAXIMUM_FAULTY))[: len(falls)] > 0
    cost, came = np.zeros(len(ratio)), np.arange(len(ratio)) - 1
    for at in range(1, len(ratio)):
        if not near[at - 1]:
            cost[at] = cost[at - 1]
            continue
        before = np.arange(at - 1, max(at - _MAXIMUM_FAULTY, 0) - 1, -1)
        way = cost[before] + (at - 1 - before) + _MAXIMUM_FAULTY * (ratio[at] < ratio[before] * (1 - rounding))
        came[at], cost[at] = before[way.argmin()], way.min()
    kept = np.zeros(len(ratio), dtype=np.bool_)
    at = len(ratio) - 1
    while at >= 0:
        kept[at], at = True, came[at]
    return kept


def units_by_end(splits: Floats) -> Floats:
    """Cumulative split factor from each bar to the last."""
    whole: Any = np.cumprod(splits[::-1])[::-1]
    later: Floats = whole / splits
    return later
