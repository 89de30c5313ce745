"""The combinations of a sweep: a full grid, or a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.rows import CheckCancelled, drop_duplicates, never_cancelled, unique_rows
from engine.core.axes import ResolvedAxis
from engine.core.errors import SpecError
from engine.core.field_paths import changed
from engine.market.bars import Floats

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_PARSED = 1_000  # specs parsed between two checks for cancellation
_ROUNDS = 20  # rounds of draws before hardly any combination counts as valid


def grid(scales: Sequence[ResolvedAxis], check_cancelled: CheckCancelled = never_cancelled) -> Floats:
    """Every combination of every axis' values (combinations, axes), the last axis fastest."""
    columns = [scale.values() for scale in scales]
    shape = tuple(len(column) for column in columns)
    found = np.empty((int(np.prod(shape)), len(columns)))
    for axis, column in enumerate(columns):
        inner = int(np.prod(shape[axis + 1 :]))
        found[:, axis].reshape(-1, len(column), inner)[:] = column[:, None]
        check_cancelled()
    return found


def drawn(
    scales: Sequence[ResolvedAxis],
    base: BacktestSpec,
    sample: str,
    count: int,
    seed: int,
    check_cancelled: CheckCancelled = never_cancelled,
) -> tuple[Floats, int]:
    """``count`` distinct valid combinations drawn with ``seed``, and the number of invalid ones left out.

    Fewer where the axes have no more. A Latin hypercube is drawn large enough to remain so after invalid combinations
    are removed, and thinned at random.
    """
    random = np.random.default_rng(seed)
    if not any(scale.free for scale in scales) and float(np.prod([float(scale.count()) for scale in scales])) <= count:
        every = grid(scales, check_cancelled)
        fine = valid(scales, base, every, check_cancelled)
        return every[fine], int(np.count_nonzero(~fine))
    found, left_out, requested = np.empty((0, len(scales))), 0, count
    for _ in range(_ROUNDS):
        values = _unit_points(random, requested, len(scales), sample, check_cancelled)
        for axis, scale in enumerate(scales):
            values[:, axis] = scale.quantiles(values[:, axis])
        fine = valid(scales, base, values, check_cancelled)
        left_out += int(np.count_nonzero(~fine))
        merged = np.concatenate([found, values[fine]]) if sample == "random" else values[fine]
        found = drop_duplicates(merged, check_cancelled)
        if len(found) >= count:
            return found[np.sort(random.permutation(len(found))[:count])], left_out
        requested = min(int(count * max(requested / max(len(found), 1), 1.1)) + 1, 20 * count)
    if not len(found):
        raise SpecError([("axes", "No drawn combination is valid: change the ranges of the axes.")])
    return found, left_out


def _unit_points(
    random: np.random.Generator, count: int, axes: int, sample: str, check_cancelled: CheckCancelled
) -> Floats:
    """``count`` points in [0, 1) along each of ``axes``, (count, axes)."""
    shares = random.random((count, axes))
    if sample == "latin_hypercube":
        check_cancelled()
        keys = random.random((count, axes))
        for axis in range(axes):
            shares[:, axis] = (np.argsort(keys[:, axis]) + shares[:, axis]) / count
            check_cancelled()
    return shares


def valid(
    scales: Sequence[ResolvedAxis],
    base: BacktestSpec,
    parameters: Floats,
    check_cancelled: CheckCancelled = never_cancelled,
) -> NDArray[np.bool_]:
    """Mask of the rows of ``parameters`` (combinations, axes) that the strategy's own validation accepts."""
    inside = [axis for axis, scale in enumerate(scales) if scale.path.startswith("strategy.")]
    if not inside or not len(parameters):
        return np.ones(len(parameters), dtype=bool)
    strategy = base.strategy
    is_valid = getattr(type(strategy), "valid", None)
    names = {scales[axis].path.removeprefix("strategy."): axis for axis in inside}
    if is_valid is not None and not any("." in name for name in names):
        fields: dict[str, NDArray[Any]] = {}
        for name, value in strategy:
            if name in names:
                column = parameters[:, names[name]]
                fields[name] = column.astype(np.int64) if scales[names[name]].whole else column
            elif isinstance(value, int | float):
                fields[name] = np.broadcast_to(np.asarray(value), (len(parameters),))
        return np.asarray(is_valid(fields), dtype=bool)
    rows, place = unique_rows(parameters[:, inside], check_cancelled)
    fine = np.empty(len(rows), dtype=bool)
    for number, row in enumerate(rows):
        fine[number] = _parses(strategy, [scales[axis] for axis in inside], row)
        if not number % _PARSED:
            check_cancelled()
    return fine[place]


def _parses(strategy: Any, scales: Sequence[ResolvedAxis], row: Floats) -> bool:
    try:
        strategy_of(strategy, scales, row)
    except SpecError:
        return False
    return True


def strategy_of(strategy: Any, scales: Sequence[ResolvedAxis], row: Floats) -> Any:
    """``strategy`` with the values of ``row``, one for each of ``scales`` (paths that begin with "strategy.")."""
    values = {
        scale.path.removeprefix("strategy."): scale.plain(float(value))
        for scale, value in zip(scales, row, strict=True)
    }
    return changed(strategy, values)
