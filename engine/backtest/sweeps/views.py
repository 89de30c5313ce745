"""Views of a sweep: heatmaps of any two axes, and the most robust plateau."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.preview import bins, tiles
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.rows import CheckCancelled, never_cancelled, unique_inverse, unique_rows
from engine.backtest.sweeps.stress import cost_axes
from engine.market.bars import Floats

_BLOCK = 1_000_000  # neighbours looked up at a time
_TABLE = 8  # places of a table for each cell that is looked up in it, at most
_BINS, _SLICES, _LISTED = 150, 40, 400  # bins of a sampled axis, shown and fixed; distinct values shown one by one
TILES = 300
"""Most bins of an axis of a grid that are shown."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A heatmap: ``z`` (len(y), len(x)), NaN for an empty cell; ``index`` is the combination that a cell opens, -1 for
    none. Without a second axis there is one row and ``y`` is empty.
    """

    x: Floats
    y: Floats
    z: Floats
    index: NDArray[np.int64]


@dataclass(frozen=True)
class Plateau:
    """A combination (``index``) and its metric; ``neighbourhood`` is the median over it and its ``neighbours``."""

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
    within: Mapping[str, tuple[float, float]] | None = None,
) -> Matrix:
    """The metric ``name`` over the axes ``x`` and ``y``; see ``matrix``. Combinations with too few trades show where
    there are no others.
    """
    figure = result.metric(name, symbol)
    found = matrix(result, np.where(result.traded, figure, np.nan), x, y, fixed or {}, rest, within)
    if result.traded.all():
        return found
    every, is_gap = matrix(result, figure, x, y, fixed or {}, rest, within), found.index < 0
    z, index = np.where(is_gap, every.z, found.z), np.where(is_gap, every.index, found.index)
    return Matrix(found.x, found.y, z, index)


def matrix(
    result: SweepResult,
    figure: Floats,
    x: str,
    y: str | None,
    fixed: Mapping[str, float],
    rest: Literal["best", "median", "mean"],
    within: Mapping[str, tuple[float, float]] | None = None,
) -> Matrix:
    """``figure`` over two axes, with other axes ``fixed`` or reduced to the best, the median or the mean. A cell opens
    the best combination in it, or the one nearest to its value. Sampled axes are binned. For the best, costs that are
    not shown stay those of the backtest itself, or the nearest to them. ``within`` leaves the combinations alone whose
    axes lie in these ranges, which are binned anew.
    """
    shown = [result.axes.index(path) for path in (x, y) if path is not None]
    if rest == "best":
        fixed = {**_costs(result, {x, y}), **fixed}
    seen = _within(result, within or {})
    chosen = np.flatnonzero(~np.isnan(figure[seen]) & _matches(result, fixed)[seen])
    axes = [_binned(result, axis, seen) for axis in shown]
    width, height = len(axes[0][0]), len(axes[1][0]) if y is not None else 1
    cell = axes[0][1][chosen] + (axes[1][1][chosen] * width if y is not None else 0)
    chosen = np.arange(len(result))[seen][chosen]
    values = figure[chosen]
    order = np.lexsort((values, cell))
    cells, starts, counts = np.unique(cell[order], return_index=True, return_counts=True)
    z, index = np.full(width * height, np.nan), np.full(width * height, -1, dtype=np.int64)
    z[cells], at = _aggregated(values[order], starts, counts, rest)
    index[cells] = chosen[order[at]]
    columns = np.empty(0) if y is None else axes[1][0]
    return Matrix(axes[0][0], columns, z.reshape(height, width), index.reshape(height, width))


def _costs(result: SweepResult, shown: Set[str | None]) -> dict[str, float]:
    """The backtest's own values of the costs that are not ``shown``, or the middle of the axis where it has none."""
    paths = [result.axes[axis] for axis in cost_axes(result.axes)]
    found = {}
    for path, own in zip(paths, result.base_costs().tolist(), strict=True):
        values = result.values[result.axes.index(path)]
        found[path] = values[len(values) // 2] if np.isnan(own) else own
    return {path: value for path, value in found.items() if path not in shown}


def _within(result: SweepResult, ranges: Mapping[str, tuple[float, float]]) -> NDArray[np.bool_] | slice:
    """The combinations whose axes lie in ``ranges``; all of them where there is none in there."""
    found = np.ones(len(result), dtype=bool)
    for path, (low, high) in ranges.items():
        column = result.parameters[:, result.axes.index(path)]
        found &= (column >= low) & (column <= high)
    return found if ranges and found.any() else slice(None)


def _binned(result: SweepResult, axis: int, seen: NDArray[np.bool_] | slice) -> tuple[Floats, NDArray[np.int64]]:
    column = result.parameters[seen, axis]
    if result.is_grid and not result.words[axis]:
        return tiles(column, TILES)
    known = len(result.values[axis]) if isinstance(seen, slice) else len(np.unique(column))
    return bins(column, known if known <= _LISTED else _BINS)


def _matches(result: SweepResult, fixed: Mapping[str, float]) -> NDArray[np.bool_]:
    """Mask of the combinations whose axes have these values, or the nearest that occur."""
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


def _aggregated(
    values: Floats, starts: NDArray[np.int64], counts: NDArray[np.int64], rest: str
) -> tuple[Floats, NDArray[np.int64]]:
    """The best, median or mean of each run of ascending ``values``, and the index of the value nearest to it."""
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
    """The combination in the best neighbourhood, by ``name`` or the objective; see ``plateau``. Among 100,000
    combinations it takes longer to find than to draw their map: the last few are remembered, by the numbers that
    decide.
    """
    figure = result.metric(name or result.objective, symbol)
    values = np.where(result.traded, figure, np.nan)
    digest = blake2b(repr((result.axes, result.base)).encode())
    for part in (result.parameters, values, result.choosable):
        digest.update(np.ascontiguousarray(part).data)
    return _remembered(_Asked(digest.hexdigest(), result, values))


@dataclass(frozen=True)
class _Asked:
    """A plateau to be found; equal where the numbers are."""

    digest: str
    result: SweepResult = field(compare=False)
    values: Floats = field(compare=False)


@lru_cache(maxsize=4)
def _remembered(asked: _Asked) -> Plateau | None:
    return plateau(asked.result, asked.values)


def plateau(result: SweepResult, values: Floats, check_cancelled: CheckCancelled = never_cancelled) -> Plateau | None:
    """The combination whose neighbourhood has the best median: itself and those at most one step away along every axis,
    at the costs of the backtest itself.

    A peak among poor neighbours is likely luck; a plateau is robust to small errors of a parameter. Neighbours without
    a defined metric count as the worst value, and so do those missing at the edge of the grid. Ties are broken by the
    worst neighbour, then by order. Sampled axes are binned, each bin with its median.
    """
    places, axes = np.arange(len(result)), list(range(len(result.axes)))
    if costs := cost_axes(result.axes):
        places = np.flatnonzero(result.choosable)
        axes = [axis for axis in axes if axis not in costs]
    found = _plateau(result, values[places], places, axes, check_cancelled)
    return found and replace(found, index=int(places[found.index]))


def _plateau(
    result: SweepResult, values: Floats, places: NDArray[np.int64], axes: Sequence[int], check_cancelled: CheckCancelled
) -> Plateau | None:
    """``plateau`` of the combinations ``places`` along ``axes``; its index is among ``places``."""
    known = ~np.isnan(values)
    if not known.any():
        return None
    labels = np.column_stack([_coarse(result.parameters[places, axis], len(axes), check_cancelled) for axis in axes])
    cells, place = unique_rows(labels, check_cancelled)
    score = _medians(np.where(known, values, np.nanmin(values)), place, len(cells), check_cancelled)
    medians, least, count = _neighbourhoods(cells, score, float(np.nanmin(values)), check_cancelled)
    has = np.zeros(len(cells), dtype=bool)
    has[place[known]] = True
    best = np.flatnonzero(has & (medians == medians[has].max()))
    cell = int(best[np.argmax(least[best])])
    inside = np.flatnonzero(known & (place == cell))
    index = int(inside[np.argsort(values[inside], kind="stable")[len(inside) // 2]])
    return Plateau(index, float(values[index]), float(medians[cell]), int(count[cell]))


def _coarse(column: Floats, axes: int, check_cancelled: CheckCancelled) -> NDArray[np.int64]:
    """The index of each value on its axis, or of its bin on a sampled axis; ``axes`` is their number."""
    known, place = unique_inverse(column, check_cancelled)
    side = len(column) ** (1 / axes)
    if len(known) <= _LISTED or len(known) <= 2 * side:
        return place
    return bins(column, max(int(side / 2), 4), check_cancelled)[1]


def _medians(values: Floats, place: NDArray[np.int64], count: int, check_cancelled: CheckCancelled) -> Floats:
    """The median of the ``values`` at each of ``count`` places."""
    if count == len(values):
        alone: Floats = np.empty(count)
        alone[place] = values
        return alone
    known, rank = unique_inverse(values, check_cancelled)
    order = np.sort(place * len(known) + rank)
    starts = np.searchsorted(order, np.arange(count + 1) * len(known))
    sizes = np.diff(starts)
    lower, upper = starts[:-1] + (sizes - 1) // 2, starts[:-1] + sizes // 2
    found: Floats = (known[order[lower] % len(known)] + known[order[upper] % len(known)]) / 2
    return found


def _neighbourhoods(
    cells: NDArray[np.int64], score: Floats, worst: float, check_cancelled: CheckCancelled
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Median and minimum over each cell and its neighbours, padded with ``worst``, and the number of neighbours."""
    size = cells.max(axis=0) + 3
    strides = np.concatenate((np.cumprod(size[::-1])[::-1][1:], [1]))
    keys = (cells + 1) @ strides
    offsets = np.array(np.meshgrid(*[[-1, 0, 1]] * cells.shape[1], indexing="ij")).reshape(cells.shape[1], -1)
    if offsets.shape[1] > 300:  # many axes: one step along one axis at a time
        offsets = offsets[:, np.abs(offsets).sum(axis=0) <= 1]
    look_up, steps = _places(keys, prod(size.tolist())), strides @ offsets
    medians, least, counts = np.empty(len(cells)), np.empty(len(cells)), np.empty(len(cells), dtype=np.int64)
    blocks = [slice(n, n + _BLOCK // offsets.shape[1]) for n in range(0, len(cells), _BLOCK // offsets.shape[1])]
    for block in blocks:
        check_cancelled()
        counts[block] = (look_up(keys[block, None] + steps) >= 0).sum(axis=1)
    most = int(counts.max())
    for block in blocks:
        check_cancelled()
        at = look_up(keys[block, None] + steps)
        values = np.sort(np.where(at >= 0, score[at], np.inf), axis=1)
        missing = most - counts[block]
        middle = []
        for rank in ((most - 1) // 2, most // 2):
            place = np.maximum(rank - missing, 0)
            middle.append(np.where(rank < missing, worst, np.take_along_axis(values, place[:, None], axis=1)[:, 0]))
        medians[block] = (middle[0] + middle[1]) / 2
        least[block] = np.where(missing > 0, worst, values[:, 0])
    return medians, least, counts - 1


def _places(keys: NDArray[np.int64], limit: int) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
    """The index of a key among ``keys``, which are distinct and below ``limit``; -1 for one that is not there. A table
    answers where it is not much longer than the keys.
    """
    if limit <= _TABLE * len(keys):
        table = np.full(limit, -1, dtype=np.int64)
        table[keys] = np.arange(len(keys))
        return lambda wanted: table[wanted]
    order = np.argsort(keys, kind="stable")
    known = keys[order]

    def look_up(wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.where(known[at] == wanted, order[at], -1)

    return look_up
