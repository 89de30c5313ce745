"""The combinations of a sweep: a full grid, or a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.sweeps.rows import CheckCancelled, drop_duplicates, never_cancelled
from engine.backtest.sweeps.validity import valid
from engine.core.axes import ResolvedAxis
from engine.core.errors import SpecError
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
