"""Importance of a sweep's parameters: shares of the variance of a metric, and the metric along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.preview import bins
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.rows import unique_rows
from engine.market.bars import Floats

_DISTINCT, _BINS = 400, 20
"""Values of an axis that are told apart in a grid, and bins of those that were drawn."""


@dataclass(frozen=True, eq=False)
class Importance:
    """``single`` shares of the variance, one an axis; ``pairs`` those that two axes add together beyond their own, by
    their places, and ``rest`` what three and more do. Where the combinations are not a ``whole`` grid, there is no such
    division: ``single`` shares may overlap, ``pairs`` is empty and ``rest`` NaN.
    """

    single: Floats
    pairs: dict[tuple[int, int], float]
    rest: float
    whole: bool


@dataclass(frozen=True, eq=False)
class Slice:
    """A metric along the ``values`` of one axis: with the other axes as in the best combination (``at_best``, NaN for
    none), and over all of their values the ``mean`` and the quartiles ``low`` and ``high``.
    """

    values: Floats
    at_best: Floats
    mean: Floats
    low: Floats
    high: Floats


def importance(result: SweepResult, figure: Floats) -> Importance | None:
    """Functional analysis of variance of ``figure`` (combinations,) over the axes (Sobol 1993; Hutter, Hoos,
    Leyton-Brown 2014): the share of an axis is the variance of the means at its values over the variance of all, each
    combination counting alike. Over a whole grid this is exact and the shares of axes, pairs and the rest add up to 1.

    Combinations with a NaN are left out, which makes the grid incomplete. None where fewer than two are left, or all
    are alike.
    """
    known = np.flatnonzero(np.isfinite(figure))
    values = figure[known]
    total = float(values.var()) if len(values) > 1 else 0.0
    if not total > 1e-18 * max(float(np.square(values).mean()) if len(values) else 0.0, 1e-300):
        return None
    places = [_place(result.parameters[known, axis]) for axis in range(len(result.axes))]
    sizes = [int(place.max()) + 1 for place in places]
    cells = unique_rows(np.column_stack(places))[0]
    is_whole = prod(sizes) == len(cells) == len(known)
    single = np.array([_between(values, [place]) for place in places]) / total
    if not is_whole:
        return Importance(single, {}, float("nan"), False)
    pairs = {
        (one, other): max(_between(values, [places[one], places[other]]) / total - single[one] - single[other], 0.0)
        for one in range(len(places))
        for other in range(one + 1, len(places))
    }
    return Importance(single, pairs, max(1 - float(single.sum()) - sum(pairs.values()), 0.0), True)


def slice_along(result: SweepResult, figure: Floats, axis: int, best: int | None) -> Slice:
    """``figure`` along ``axis``; NaN are left out. Values that were drawn are put into bins."""
    known = np.flatnonzero(np.isfinite(figure))
    column = result.parameters[known, axis]
    listed, place = np.unique(column, return_inverse=True)
    if len(listed) > _DISTINCT:
        listed, place = bins(column, _BINS)
    order = np.argsort(place, kind="stable")
    groups = np.split(figure[known][order], np.searchsorted(place[order], np.arange(1, len(listed))))
    quartiles = np.array([np.quantile(group, (0.25, 0.75)) if len(group) else (np.nan, np.nan) for group in groups])
    mean = np.array([group.mean() if len(group) else np.nan for group in groups])
    at_best = np.full(len(listed), np.nan)
    if best is not None:
        others = [other for other in range(len(result.axes)) if other != axis]
        rows = result.parameters[known]
        here = np.flatnonzero((rows[:, others] == result.parameters[best, others]).all(axis=1))
        at_best[place[here]] = figure[known[here]]
    return Slice(listed, at_best, mean, *quartiles.reshape(len(listed), 2).T)


def _place(column: Floats) -> NDArray[np.int64]:
    """The place of each value among the distinct ones, or among the bins where these are many."""
    listed, place = np.unique(column, return_inverse=True)
    return place.astype(np.int64) if len(listed) <= _DISTINCT else bins(column, _BINS)[1]


def _between(values: Floats, places: Sequence[NDArray[np.int64]]) -> float:
    """The variance of the group means of ``values``, weighted by the sizes of the groups."""
    label = places[0]
    for place in places[1:]:
        label = label * (int(place.max()) + 1) + place
    count = np.bincount(label)
    mean = np.bincount(label, values) / np.maximum(count, 1)
    return float(np.average(np.square(mean - values.mean()), weights=count))
