"""The common period of all combinations of a sweep, which begins after the longest warm-up."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.rows import CheckCancelled, groups, never_cancelled
from engine.backtest.sweeps.validity import strategy_of
from engine.core.axes import ResolvedAxis
from engine.core.errors import SpecError
from engine.core.field_paths import changed
from engine.market.bars import Bars, Floats
from engine.strategies import Strategy

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_CHECK_EVERY, _DRAWN = 1_000, 2_000  # strategies built between two checks; draws that represent those of a search


def common_warm_up(
    base: BacktestSpec,
    scales: Sequence[ResolvedAxis],
    parameters: Floats | None,
    known: Sequence[Bars],
    check_cancelled: CheckCancelled = never_cancelled,
) -> int:
    """The longest warm-up, in bars, of the combinations ``parameters`` (combinations, axes) that have enough bars at
    all. Where the combinations are not known yet, it follows from the ends of the axes.
    """
    axes = [axis for axis, scale in enumerate(scales) if scale.path.startswith("strategy.")]
    slowest = (
        _strategy_warm_up(base, scales, axes, parameters, known, check_cancelled) if axes else base.strategy.warm_up()
    )
    return max(base.warm_up or 0, slowest, _sizing_warm_up(base, scales))


def longest_warm_up(base: BacktestSpec, scales: Sequence[ResolvedAxis]) -> int:
    """An upper bound of the common warm-up by the ends of the axes, regardless of the bars."""
    inner = [scale for scale in scales if scale.path.startswith("strategy.")]
    slowest = (
        slowest_strategy(base.strategy, inner, np.array([scale.high for scale in inner])) if inner else base.strategy
    )
    return max(base.warm_up or 0, (slowest or base.strategy).warm_up(), _sizing_warm_up(base, scales))


def slowest_strategy(strategy: Strategy, scales: Sequence[ResolvedAxis], values: Floats) -> Strategy | None:
    """``strategy`` with the highest value of each axis, which has the longest warm-up; None where it is not valid."""
    if all("." not in scale.path.removeprefix("strategy.") for scale in scales):  # it need not be a valid one
        plain = {s.path.removeprefix("strategy."): s.plain(float(v)) for s, v in zip(scales, values, strict=True)}
        return strategy.model_copy(update=plain)
    if any(scale.words for scale in scales):
        return None
    try:
        return typing.cast(Strategy, strategy_of(strategy, scales, values))
    except SpecError:
        return None


def _strategy_warm_up(
    base: BacktestSpec,
    scales: Sequence[ResolvedAxis],
    axes: Sequence[int],
    parameters: Floats | None,
    known: Sequence[Bars],
    check_cancelled: CheckCancelled,
) -> int:
    inner, limit = [scales[axis] for axis in axes], min(len(item) for item in known) - 2
    most = np.array([scale.high for scale in inner]) if parameters is None else parameters[:, axes].max(axis=0)
    slowest = slowest_strategy(base.strategy, inner, most)
    if slowest is not None and slowest.warm_up() <= limit:
        return slowest.warm_up()
    if parameters is None:
        parameters = sampling.drawn(scales, base, "random", _DRAWN, 0, check_cancelled)[0]
    longest = 0
    for number, (row, _) in enumerate(groups(parameters, axes, check_cancelled=check_cancelled)):
        if not number % _CHECK_EVERY:
            check_cancelled()
        bars = strategy_of(base.strategy, inner, row).warm_up()
        longest = max(longest, bars if bars <= limit else 0)
    return longest


def _sizing_warm_up(base: BacktestSpec, scales: Sequence[ResolvedAxis]) -> int:
    """The longest warm-up of the sizing over the ends of its axes, and of the stops."""
    axes = [scale for scale in scales if scale.path.startswith("sizing.")]
    ends = [changed(base, {scale.path: scale.plain(value)}) for scale in axes for value in (scale.low, scale.high)]
    return max(base.stops.warm_up(), *(spec.sizing.warm_up() for spec in (base, *ends)))
