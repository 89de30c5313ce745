"""The cells of a sweep's map: single combinations, or tiles of several where a screen could not show single ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.views import TILES, heatmap
from engine.market.bars import Floats

CELLS = TILES  # of a map along each side
SPARSE = 0.35  # of the cells: where fewer of drawn combinations are known, wider ones are drawn
Cells = tuple[Floats, Floats, Floats, NDArray[np.int64]]


@dataclass(frozen=True)
class View:
    """What a map shows: ``metric`` over the parameters ``x`` and ``y`` (paths; None for one row), of one ``symbol`` or
    of the whole, at the values ``fixed`` of further parameters and the ``rest`` ("best", "median", "mean") over
    those that are left. ``over`` is what is taken off the metric, "holding" or "" for nothing, and ``window`` the part
    of the map in sight, from and to on each side; None for all.
    """

    metric: str
    x: str
    y: str | None = None
    symbol: str | None = None
    rest: Literal["best", "median", "mean"] = "best"
    fixed: tuple[tuple[str, float], ...] = ()
    over: Literal["", "holding"] = ""
    window: tuple[float, float, float, float] | None = None


def cells_of(result: SweepResult, view: View) -> tuple[Cells, bool]:
    """x, y, z and index of what a map shows, and whether its cells hold several values of an axis: where there are more
    than a screen shows, or where drawn combinations lie so far apart that single ones would be dust.
    """
    found = heatmap(
        result, view.metric, view.x, view.y, fixed=dict(view.fixed), symbol=view.symbol, rest=view.rest,
        within=_within(view),
    )  # fmt: skip
    cells = found.x, found.y if view.y else np.zeros(1), found.z, found.index
    columns, rows = (-(-size // -(-size // CELLS)) for size in found.z.shape[::-1])
    known = int(np.isfinite(found.z).sum())
    if not result.is_grid and 0 < known < SPARSE * found.z.size:
        side = max(int(np.sqrt(known / 1.5)), 8)
        columns, rows = min(columns, side), min(rows, side)
    choices = dict(zip(result.axes, result.words, strict=True))
    columns = len(found.x) if choices[view.x] else columns
    rows = len(cells[1]) if view.y is None or choices[view.y] else rows
    if (rows, columns) == found.z.shape:
        values = dict(zip(result.axes, result.values, strict=True))
        sides = [(found.x, view.x), *([(found.y, view.y)] if view.y else [])]
        return cells, any(len(shown) < _in_sight(values[path], view, path) for shown, path in sides)
    clear = result.traded[np.maximum(found.index, 0)] if len(result) else np.ones(found.z.shape, dtype=bool)
    return binned(cells, columns, rows, clear), True


def combinations_in_sight(result: SweepResult, view: View) -> int:
    """How many combinations with a known metric lie in the part of the map that is in sight."""
    known = np.isfinite(result.metric(view.metric, view.symbol))
    for path, (low, high) in _within(view).items():
        column = result.parameters[:, result.axes.index(path)]
        known &= (column >= low) & (column <= high)
    return int(known.sum())


def _in_sight(values: tuple[float, ...], view: View, path: str) -> int:
    """How many of the ``values`` of an axis lie in the window."""
    low, high = _within(view).get(path, (-np.inf, np.inf))
    return sum(low <= value <= high for value in values)


def _bins(values: Floats, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """Centres of ``count`` parts of equal width, and the part of each value; each value its own where they suffice."""
    if count >= len(values):
        return values, np.arange(len(values))
    low, width = values[0], (values[-1] - values[0]) / count
    place = np.minimum(((values - low) / width + 1e-9).astype(np.int64), count - 1)
    centres: Floats = low + (np.arange(count) + 0.5) * width
    return centres, place


def binned(cells: Cells, columns: int, rows: int, clear: NDArray[np.bool_]) -> Cells:
    """The cells put into that many of equal width: each takes the best of those in it, of the ``clear`` ones first."""
    x, y, z, index = cells
    (centres, column), (middles, row) = _bins(x, columns), _bins(y, rows)
    best, found = np.full((rows, columns), -np.inf), np.full((rows, columns), -1, dtype=np.int64)
    at, across = np.nonzero(np.isfinite(z))
    order = np.lexsort((z[at, across], clear[at, across]))
    place = row[at[order]], column[across[order]]
    best[place], found[place] = z[at[order], across[order]], index[at[order], across[order]]  # the last one stays
    return centres, middles, np.where(found >= 0, best, np.nan), found


def _within(view: View) -> dict[str, tuple[float, float]]:
    """The ranges of the axes in sight."""
    if view.window is None:
        return {}
    left, right, low, high = view.window
    return {view.x: (left, right)} | ({view.y: (low, high)} if view.y else {})
