"""The period on which all combinations of a sweep are compared: it begins where the last of them has warmed up."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.axes import ResolvedAxis
from engine.backtest.sweeps.fields import changed
from engine.backtest.sweeps.rows import CheckCancelled, groups, never_cancelled
from engine.core.errors import SpecError
from engine.market.bars import Bars, Floats
from engine.strategies import Strategy

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_LOOK, _DRAWN = 1_000, 2_000  # strategies made between two looks; draws that stand for those of a search


def common_warm_up(
    base: BacktestSpec,
    scales: Sequence[ResolvedAxis],
    parameters: Floats | None,
    known: Sequence[Bars],
    look: CheckCancelled = never_cancelled,
) -> int:
    """Bars that the slowest of the combinations ``parameters`` (combinations, axes) takes to warm up, of those that
    have bars enough at all. Where the combinations are not known yet, their scales stand for them.
    """
    axes = [axis for axis, scale in enumerate(scales) if scale.path.startswith("strategy.")]
    slowest = _of_strategy(base, scales, axes, parameters, known, look) if axes else base.strategy.warm_up()
    return max(base.warm_up or 0, slowest, _of_sizing(base, scales))


def at_most(base: BacktestSpec, scales: Sequence[ResolvedAxis]) -> int:
    """The common warm-up of all combinations of ``scales`` by the ends of the axes, as if there were bars enough."""
    inner = [scale for scale in scales if scale.path.startswith("strategy.")]
    slowest = highest(base.strategy, inner, np.array([scale.high for scale in inner])) if inner else base.strategy
    return max(base.warm_up or 0, (slowest or base.strategy).warm_up(), _of_sizing(base, scales))


def highest(strategy: Strategy, scales: Sequence[ResolvedAxis], values: Floats) -> Strategy | None:
    """``strategy`` with the highest value of each axis, the longest to warm up; None where that cannot be told."""
    if all("." not in scale.path.removeprefix("strategy.") for scale in scales):  # it need not be a valid one
        plain = {s.path.removeprefix("strategy."): s.plain(float(v)) for s, v in zip(scales, values, strict=True)}
        return strategy.model_copy(update=plain)
    if any(scale.words for scale in scales):
        return None
    try:
        return typing.cast(Strategy, sampling.strategy_of(strategy, scales, values))
    except SpecError:
        return None


def _of_strategy(
    base: BacktestSpec,
    scales: Sequence[ResolvedAxis],
    axes: Sequence[int],
    parameters: Floats | None,
    known: Sequence[Bars],
    look: CheckCancelled,
) -> int:
    inner, room = [scales[axis] for axis in axes], min(len(item) for item in known) - 2
    most = np.array([scale.high for scale in inner]) if parameters is None else parameters[:, axes].max(axis=0)
    slowest = highest(base.strategy, inner, most)
    if slowest is not None and slowest.warm_up() <= room:
        return slowest.warm_up()
    if parameters is None:
        parameters = sampling.drawn(scales, base, "random", _DRAWN, 0, look)[0]
    longest = 0
    for number, (row, _) in enumerate(groups(parameters, axes, look=look)):
        if not number % _LOOK:
            look()
        bars = sampling.strategy_of(base.strategy, inner, row).warm_up()
        longest = max(longest, bars if bars <= room else 0)
    return longest


def _of_sizing(base: BacktestSpec, scales: Sequence[ResolvedAxis]) -> int:
    """The longest warm-up of the sizing with the ends of its axes."""
    axes = [scale for scale in scales if scale.path.startswith("sizing.")]
    ends = [changed(base, {scale.path: scale.plain(value)}) for scale in axes for value in (scale.low, scale.high)]
    return max(spec.sizing.warm_up() for spec in (base, *ends))
