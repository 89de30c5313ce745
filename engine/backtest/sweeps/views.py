"""Views of a sweep: heatmaps of any two axes, and the most robust plateau."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.preview import bins
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.rows import CheckCancelled, distinct, never_cancelled, numbered
from engine.backtest.sweeps.stress import stressed
from engine.market.bars import Floats

_BLOCK = 1_000_000  # neighbours that are looked up at a time
_BINS, _SLICES, _LISTED = 150, 40, 400  # bins of a drawn axis, shown and held; distinct values shown one by one


@dataclass(frozen=True, eq=False)
class Matrix:
    """A heatmap: ``z`` (len(y), len(x)), NaN where there is nothing; ``index`` is the combination that a cell opens, -1
    for none. Without a second axis there is one row and ``y`` is empty.
    """

    x: Floats
    y: Floats
    z: Floats
    index: NDArray[np.int64]


@dataclass(frozen=True)
class Plateau:
    """A combination (``index``) and its figure; ``neighbourhood`` is the median over it and its ``neighbours``."""

    index: int
    value: float
    neighbourhood: float
    neighbours: int


def heatmap(
    result: SweepResult,
    name: str,
    x: str,
    y: str | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    symbol: str | None = None,
    rest: Literal["best", "median", "mean"] = "best",
) -> Matrix:
    """The figure ``name`` over the axes ``x`` and ``y``; see ``matrix``."""
    return matrix(result, result.metric(name, symbol), x, y, fixed or {}, rest)


def matrix(
    result: SweepResult,
    figure: Floats,
    x: str,
    y: str | None,
    fixed: Mapping[str, float],
    rest: Literal["best", "median", "mean"],
) -> Matrix:
    """``figure`` over two axes: the combinations whose other axes are ``fixed``, and of axes that are neither shown nor
    fixed the best, the median or the mean. A cell opens the best combination in it, or the one nearest to its figure.
    Drawn axes are put into bins. The best is none of the lowest costs: costs that are not shown stay those of the
    backtest itself, or the nearest to them.
    """
    shown = [result.axes.index(path) for path in (x, y) if path is not None]
    if rest == "best":
        fixed = {**_costs(result, {x, y}), **fixed}
    chosen = np.flatnonzero(~np.isnan(figure) & _matches(result, fixed))
    axes = [_places(result, axis) for axis in shown]
    width, height = len(axes[0][0]), len(axes[1][0]) if y is not None else 1
    cell = axes[0][1][chosen] + (axes[1][1][chosen] * width if y is not None else 0)
    values = figure[chosen]
    order = np.lexsort((values, cell))
    cells, starts, counts = np.unique(cell[order], return_index=True, return_counts=True)
    z, index = np.full(width * height, np.nan), np.full(width * height, -1, dtype=np.int64)
    z[cells], at = _reduced(values[order], starts, counts, rest)
    index[cells] = chosen[order[at]]
    columns = np.empty(0) if y is None else axes[1][0]
    return Matrix(axes[0][0], columns, z.reshape(height, width), index.reshape(height, width))


def _costs(result: SweepResult, shown: Set[str | None]) -> dict[str, float]:
    """The backtest's own values of the costs that are not ``shown``, or the middle of an axis where it has none."""
    paths = [result.axes[axis] for axis in stressed(result.axes)]
    found = {}
    for path, own in zip(paths, result.own_costs().tolist(), strict=True):
        values = result.values[result.axes.index(path)]
        found[path] = values[len(values) // 2] if np.isnan(own) else own
    return {path: value for path, value in found.items() if path not in shown}


def _places(result: SweepResult, axis: int) -> tuple[Floats, NDArray[np.int64]]:
    known = len(result.values[axis])
    return bins(result.parameters[:, axis], known if known <= _LISTED else _BINS)


def _matches(result: SweepResult, fixed: Mapping[str, float]) -> NDArray[np.bool_]:
    """Combinations whose axes have these values, or the nearest that occur."""
    found = np.ones(len(result), dtype=bool)
    for path, value in fixed.items():
        axis = result.axes.index(path)
        known = np.array(result.values[axis])
        if len(known) > _LISTED:
            centres, place = bins(result.parameters[:, axis], _SLICES)
            found &= place == int(np.argmin(np.abs(centres - value)))
        else:
            found &= result.parameters[:, axis] == known[np.argmin(np.abs(known - value))]
    return found


def _reduced(
    values: Floats, starts: NDArray[np.int64], counts: NDArray[np.int64], rest: str
) -> tuple[Floats, NDArray[np.int64]]:
    """One number of each run of ascending ``values``, and the place of the value nearest to it."""
    last = starts + counts - 1
    if rest == "best" or not len(values):
        return values[last], last
    if rest == "median":
        lower, upper = starts + (counts - 1) // 2, starts + counts // 2
        return (values[lower] + values[upper]) / 2, lower
    means = np.add.reduceat(values, starts) / counts
    keys = np.repeat(np.arange(len(starts)), counts)
    distance = np.abs(values - means[keys])
    order = np.lexsort((distance, keys))
    return means, order[starts]


def best_plateau(result: SweepResult, name: str | None = None, symbol: str | None = None) -> Plateau | None:
    """The combination in the best neighbourhood, by ``name`` or the objective; see ``plateau``."""
    return plateau(result, result.metric(name or result.objective, symbol))


def plateau(result: SweepResult, figure: Floats, look: CheckCancelled = never_cancelled) -> Plateau | None:
    """The combination whose neighbourhood has the best median: itself and those at most one step away along every axis,
    at the costs of the backtest itself.

    A peak among poor neighbours was luck; on a plateau a parameter may be a little wrong. Neighbours without the figure
    count as the worst that there is, and so do those that are missing to the largest neighbourhood: at the rim nothing
    is known of the other side. Of equal medians the better worst neighbour counts, then the first. Drawn axes are put
    into bins, of which each counts with its median.
    """
    places, axes = np.arange(len(result)), list(range(len(result.axes)))
    if costs := stressed(result.axes):
        places = np.flatnonzero(result.choosable)
        axes = [axis for axis in axes if axis not in costs]
    found = _plateau(result, figure[places], places, axes, look)
    return found and replace(found, index=int(places[found.index]))


def _plateau(
    result: SweepResult, figure: Floats, places: NDArray[np.int64], axes: Sequence[int], look: CheckCancelled
) -> Plateau | None:
    """The same for the combinations ``places`` along ``axes``, the index being that among ``places``."""
    known = ~np.isnan(figure)
    if not known.any():
        return None
    labels = np.column_stack([_coarse(result.parameters[places, axis], len(axes), look) for axis in axes])
    cells, place = distinct(labels, look)
    score = _medians(np.where(known, figure, np.nanmin(figure)), place, len(cells), look)
    medians, least, count = _neighbourhoods(cells, score, float(np.nanmin(figure)), look)
    has = np.zeros(len(cells), dtype=bool)
    has[place[known]] = True
    best = np.flatnonzero(has & (medians == medians[has].max()))
    cell = int(best[np.argmax(least[best])])
    inside = np.flatnonzero(known & (place == cell))
    index = int(inside[np.argsort(figure[inside], kind="stable")[len(inside) // 2]])
    return Plateau(index, float(figure[index]), float(medians[cell]), int(count[cell]))


def _coarse(column: Floats, axes: int, look: CheckCancelled) -> NDArray[np.int64]:
    """The place of each value, of one of so many ``axes``; of a drawn axis that of its bin."""
    known, place = numbered(column, look)
    side = len(column) ** (1 / axes)
    if len(known) <= _LISTED or len(known) <= 2 * side:
        return place
    return bins(column, max(int(side / 2), 4), look)[1]


def _medians(values: Floats, place: NDArray[np.int64], count: int, look: CheckCancelled) -> Floats:
    """The median of the ``values`` at each of ``count`` places."""
    if count == len(values):
        alone: Floats = np.empty(count)
        alone[place] = values
        return alone
    known, rank = numbered(values, look)
    order = np.sort(place * len(known) + rank)
    starts = np.searchsorted(order, np.arange(count + 1) * len(known))
    sizes = np.diff(starts)
    lower, upper = starts[:-1] + (sizes - 1) // 2, starts[:-1] + sizes // 2
    found: Floats = (known[order[lower] % len(known)] + known[order[upper] % len(known)]) / 2
    return found


def _neighbourhoods(
    cells: NDArray[np.int64], score: Floats, worst: float, look: CheckCancelled
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Median and least over each cell and its neighbours, filled up with ``worst``, and how many those are."""
    size = cells.max(axis=0) + 3
    strides = np.concatenate((np.cumprod(size[::-1])[::-1][1:], [1]))
    keys = (cells + 1) @ strides
    offsets = np.array(np.meshgrid(*[[-1, 0, 1]] * cells.shape[1], indexing="ij")).reshape(cells.shape[1], -1)
    if offsets.shape[1] > 300:  # many axes: one step along one axis at a time
        offsets = offsets[:, np.abs(offsets).sum(axis=0) <= 1]
    order = np.argsort(keys, kind="stable")
    sorted_keys, sorted_score = keys[order], score[order]
    medians, least, counts = np.empty(len(cells)), np.empty(len(cells)), np.empty(len(cells), dtype=np.int64)
    blocks = [slice(n, n + _BLOCK // offsets.shape[1]) for n in range(0, len(cells), _BLOCK // offsets.shape[1])]

    def around(block: slice) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        wanted = keys[block, None] + (strides @ offsets)[None, :]
        at = np.minimum(np.searchsorted(sorted_keys, wanted), len(cells) - 1)
        return sorted_keys[at] == wanted, at

    for block in blocks:
        look()
        counts[block] = around(block)[0].sum(axis=1)
    most = int(counts.max())
    for block in blocks:
        look()
        there, at = around(block)
        values = np.sort(np.where(there, sorted_score[at], np.inf), axis=1)
        missing = most - counts[block]
        middle = []
        for rank in ((most - 1) // 2, most // 2):
            place = np.maximum(rank - missing, 0)
            middle.append(np.where(rank < missing, worst, np.take_along_axis(values, place[:, None], axis=1)[:, 0]))
        medians[block] = (middle[0] + middle[1]) / 2
        least[block] = np.where(missing > 0, worst, values[:, 0])
    return medians, least, counts - 1
