"""Number of conditions that a sweep asks of a strategy, by its axes alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from engine.backtest.sweeps.validity import part_axes
from engine.core.axes import ResolvedAxis
from engine.strategies.conditional import LONG_SIDES, Conditional, named_fields


def asked(strategy: Conditional, scales: Sequence[ResolvedAxis], size: int) -> tuple[int, int]:
    """How many conditions of ``size`` combinations differ in their lines, and how many at all."""
    fields = [scale.path.removeprefix("strategy.") for scale in scales]
    conditions = list(part_axes(strategy, scales).values())
    for side in LONG_SIDES:
        if strategy.parts(side) is None:
            named = named_fields(type(strategy), side)
            conditions.append([axis for axis, name in enumerate(fields) if name.partition(".")[0] in named])
    lines = rows = 0
    for axes in conditions:
        lines += min(prod(scales[axis].count() for axis in axes if fields[axis] not in strategy.elementwise), size)
        rows += min(prod(scales[axis].count() for axis in axes), size)
    return lines, rows
