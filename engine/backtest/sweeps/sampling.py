"""The combinations of a sweep: all of a grid, or some drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.axes import ResolvedAxis
from engine.backtest.sweeps.fields import changed
from engine.backtest.sweeps.rows import CheckCancelled, distinct, never_cancelled, once
from engine.core.errors import SpecError
from engine.market.bars import Floats

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_PARSED = 1_000  # specs made between two looks
_ROUNDS = 20  # draws until it is said that hardly any combination is valid


def grid(scales: Sequence[ResolvedAxis], look: CheckCancelled = never_cancelled) -> Floats:
    """Every combination of every axis' values (combinations, axes), the last axis fastest."""
    columns = [scale.values() for scale in scales]
    shape = tuple(len(column) for column in columns)
    found = np.empty((int(np.prod(shape)), len(columns)))
    for axis, column in enumerate(columns):
        inner = int(np.prod(shape[axis + 1 :]))
        found[:, axis].reshape(-1, len(column), inner)[:] = column[:, None]
        look()
    return found


def drawn(
    scales: Sequence[ResolvedAxis],
    base: BacktestSpec,
    sample: str,
    count: int,
    seed: int,
    look: CheckCancelled = never_cancelled,
) -> tuple[Floats, int]:
    """``count`` valid combinations drawn with ``seed``, each once, and the number of invalid ones left out.

    Fewer where the axes have no more. A Latin hypercube draws from each of as many equal parts of every axis once; what
    is left of it after invalid combinations have gone is thinned at random.
    """
    random = np.random.default_rng(seed)
    if not any(scale.free for scale in scales) and float(np.prod([float(scale.count()) for scale in scales])) <= count:
        every = grid(scales, look)
        fine = valid(scales, base, every, look)
        return every[fine], int(np.count_nonzero(~fine))
    found, left_out, asked = np.empty((0, len(scales))), 0, count
    for _ in range(_ROUNDS):
        values = _shares(random, asked, len(scales), sample, look)
        for axis, scale in enumerate(scales):
            values[:, axis] = scale.spread(values[:, axis])
        fine = valid(scales, base, values, look)
        left_out += int(np.count_nonzero(~fine))
        merged = np.concatenate([found, values[fine]]) if sample == "random" else values[fine]
        found = once(merged, look)
        if len(found) >= count:
            return found[np.sort(random.permutation(len(found))[:count])], left_out
        asked = min(int(count * max(asked / max(len(found), 1), 1.1)) + 1, 20 * count)
    if not len(found):
        raise SpecError([("axes", "No drawn combination is valid: change the ranges of the axes.")])
    return found, left_out


def _shares(random: np.random.Generator, count: int, axes: int, sample: str, look: CheckCancelled) -> Floats:
    """``count`` points in [0, 1) along each of ``axes``, (count, axes)."""
    shares = random.random((count, axes))
    if sample == "latin_hypercube":
        look()
        keys = random.random((count, axes))
        for axis in range(axes):
            shares[:, axis] = (np.argsort(keys[:, axis]) + shares[:, axis]) / count
            look()
    return shares


def valid(
    scales: Sequence[ResolvedAxis], base: BacktestSpec, parameters: Floats, look: CheckCancelled = never_cancelled
) -> NDArray[np.bool_]:
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
    rows, place = distinct(parameters[:, inside], look)
    fine = np.empty(len(rows), dtype=bool)
    for number, row in enumerate(rows):
        fine[number] = _parses(strategy, [scales[axis] for axis in inside], row)
        if not number % _PARSED:
            look()
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
