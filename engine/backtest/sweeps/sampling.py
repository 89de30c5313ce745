"""The combinations of a sweep: all of a grid, or some drawn from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.axes import Scale
from engine.backtest.sweeps.fields import changed
from engine.errors import SpecError
from engine.market.bars import Floats

Places = NDArray[np.int64]

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_ROUNDS = 20  # draws until it is said that hardly any combination is valid


def grid(scales: Sequence[Scale]) -> Floats:
    """Every combination of every axis' values (combinations, axes), the last axis fastest."""
    columns = [scale.values() for scale in scales]
    shape = tuple(len(column) for column in columns)
    found = np.empty((int(np.prod(shape)), len(columns)))
    for axis, column in enumerate(columns):
        inner = int(np.prod(shape[axis + 1 :]))
        found[:, axis] = np.tile(np.repeat(column, inner), len(found) // (len(column) * inner))
    return found


def drawn(scales: Sequence[Scale], base: BacktestSpec, sample: str, count: int, seed: int) -> tuple[Floats, int]:
    """``count`` valid combinations drawn with ``seed``, each once, and the number of invalid ones left out.

    Fewer where the axes have no more. A Latin hypercube draws from each of as many equal parts of every axis once; what
    is left of it after invalid combinations have gone is thinned at random.
    """
    random = np.random.default_rng(seed)
    if not any(scale.free for scale in scales) and float(np.prod([float(scale.count()) for scale in scales])) <= count:
        every = grid(scales)
        fine = valid(scales, base, every)
        return every[fine], int(np.count_nonzero(~fine))
    found, left_out, asked = np.empty((0, len(scales))), 0, count
    for _ in range(_ROUNDS):
        shares = random.random((asked, len(scales)))
        if sample == "latin_hypercube":
            order = np.argsort(random.random((asked, len(scales))), axis=0)
            shares = (order + shares) / asked
        values = np.column_stack([scale.spread(shares[:, axis]) for axis, scale in enumerate(scales)])
        fine = valid(scales, base, values)
        left_out += int(np.count_nonzero(~fine))
        merged = np.concatenate([found, values[fine]]) if sample == "random" else values[fine]
        found = merged[np.sort(np.unique(merged, axis=0, return_index=True)[1])]
        if len(found) >= count:
            return found[np.sort(random.permutation(len(found))[:count])], left_out
        asked = min(int(count * max(asked / max(len(found), 1), 1.1)) + 1, 20 * count)
    if not len(found):
        raise SpecError([("axes", "None of the combinations drawn is valid: change the ranges of the axes.")])
    return found, left_out


def valid(scales: Sequence[Scale], base: BacktestSpec, parameters: Floats) -> NDArray[np.bool_]:
    """Which rows of ``parameters`` (combinations, axes) make a strategy that its own validation accepts."""
    inside = [axis for axis, scale in enumerate(scales) if scale.path.startswith("strategy.")]
    if not inside or not len(parameters):
        return np.ones(len(parameters), dtype=bool)
    strategy = base.strategy
    judge = getattr(type(strategy), "valid", None)
    names = {scales[axis].path.removeprefix("strategy."): axis for axis in inside}
    if judge is not None and not any("." in name for name in names):
        fields: dict[str, NDArray[Any]] = {}
        for name, value in strategy:
            if name in names:
                column = parameters[:, names[name]]
                fields[name] = column.astype(np.int64) if scales[names[name]].whole else column
            elif isinstance(value, int | float):
                fields[name] = np.broadcast_to(np.asarray(value), (len(parameters),))
        return np.asarray(judge(fields), dtype=bool)
    rows, place = np.unique(parameters[:, inside], axis=0, return_inverse=True)
    fine = [_parses(strategy, [scales[axis] for axis in inside], row) for row in rows]
    return np.array(fine)[place.reshape(-1)]


def _parses(strategy: Any, scales: Sequence[Scale], row: Floats) -> bool:
    try:
        strategy_of(strategy, scales, row)
    except SpecError:
        return False
    return True


def strategy_of(strategy: Any, scales: Sequence[Scale], row: Floats) -> Any:
    """``strategy`` with the values of ``row``, one for each of ``scales`` (paths that begin with "strategy.")."""
    values = {
        scale.path.removeprefix("strategy."): scale.plain(float(value))
        for scale, value in zip(scales, row, strict=True)
    }
    return changed(strategy, values)


def groups(parameters: Floats, axes: Sequence[int], places: Places | None = None) -> Iterator[tuple[Floats, Places]]:
    """Combinations (of ``places``) that are equal along ``axes``, with their values there."""
    chosen = np.arange(len(parameters)) if places is None else places
    if not axes:
        yield np.empty(0), chosen
        return
    rows, label = distinct(parameters[chosen][:, axes])
    order = np.argsort(label, kind="stable")
    bounds = np.searchsorted(label[order], np.arange(len(rows) + 1))
    for row, start, stop in zip(rows, bounds[:-1], bounds[1:], strict=True):
        yield row, chosen[order[start:stop]]


def distinct(values: Floats) -> tuple[Floats, Places]:
    """The distinct rows of ``values``, and which of them each row is."""
    if values.shape[1] == 1:
        known, place = numbered(values[:, 0])
        return known[:, None], place
    label = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        known, place = numbered(column)
        label = label * len(known) + place
        _, label = np.unique(label, return_inverse=True)
    first = np.unique(label, return_index=True)[1]
    return values[first], label


def numbered(column: Floats) -> tuple[Floats, Places]:
    """The distinct values of ``column``, ascending, and the place of each among them. Whole numbers are not sorted."""
    low, high = (float(column.min()), float(column.max())) if len(column) else (0.0, 0.0)
    if high - low < 4 * len(column) + 1000:
        offsets = (column - low).astype(np.int64)
        if np.array_equal(offsets + low, column):
            there = np.zeros(int(high - low) + 1, dtype=bool)
            there[offsets] = True
            whole: Floats = (np.flatnonzero(there) + low).astype(np.float64)
            return whole, (np.cumsum(there) - 1)[offsets]
    known, place = np.unique(column, return_inverse=True)
    return known, place.reshape(-1)
