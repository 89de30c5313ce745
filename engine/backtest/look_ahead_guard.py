"""Look-ahead guard: runs whose decisions use the future are refused before any metric is computed.

Built-in components are trusted, as their conformance tests cover this. Those of plug-ins are evaluated again on
truncated history: their lines and conditions number by number, the resulting decisions at a few moments, and the
signals of a strategy on synthetic bars with gaps too. The verification of a backtest repeats this at hundreds of
moments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.look_ahead_check import SIDES, look_ahead
from engine.backtest.sizings import Sizing, sized
from engine.backtest.stops import Stops
from engine.backtest.sweeps import sampling
from engine.core.errors import DataError, SpecError, StrategyError
from engine.core.field_paths import changed
from engine.core.plugin_errors import named, plugin_errors
from engine.core.registry import is_all_built_in, is_built_in
from engine.core.spec import RunSpec, Spec
from engine.features.leakage import WAY_OUT, Compute, LookAhead, leaks, leaks_into_gaps
from engine.indicators import Indicator, call_indicator
from engine.market.bars import Bars, Floats, Market
from engine.strategies import Allocation, Strategy, call_strategy
from engine.strategies.rules import Condition, Operand, line_of, truth_of

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec
    from engine.backtest.sweeps.spec import SweepSpec

CUTS, COMBINATIONS = 16, 4
"""Truncations of the history of a run, and combinations of a sweep that are checked."""


def require_causal(spec: BacktestSpec, inputs: Mapping[str, Any]) -> None:
    """Raises ``StrategyError`` where a plug-in component of ``spec`` uses the future."""
    if is_all_built_in(spec):
        return
    bars: Sequence[Bars] = inputs["market"].bars
    for item in dict.fromkeys(_parts(spec)):
        _require_causal_part(item, bars)
    if found := look_ahead(spec, bars, inputs, cuts=CUTS):
        raise StrategyError(found.sentence())
    strategy = spec.strategy
    if not is_built_in(type(strategy)) and not isinstance(strategy, Allocation) and not strategy.inputs(spec.market):
        _refuse(strategy, "strategy", _signal_leaks(strategy))


def require_causal_sweep(spec: SweepSpec, inputs: Mapping[str, Any]) -> None:
    """``require_causal`` for ``COMBINATIONS`` combinations of ``spec``, drawn at random."""
    if is_all_built_in(spec.base):
        return
    scales = spec.scales()
    for row in sampling.drawn(scales, spec.base, "random", COMBINATIONS, spec.seed)[0]:
        values = {scale.path: scale.plain(float(value)) for scale, value in zip(scales, row, strict=True)}
        with suppress(DataError, SpecError):  # the sweep itself says what it leaves out
            require_causal(changed(spec.base, values), inputs)


def caveats(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences on inputs that nobody could have had at the time, such as predictions of models that were trained on
    later bars: on purpose, so that it is no error, and no result to be believed either.
    """
    return tuple(text for item in inputs.values() for text in getattr(item, "caveats", ()))


def _parts(spec: Spec) -> Iterator[Spec]:
    """Plug-in components of ``spec``, except those of the runs that it takes as inputs, which have been checked."""
    for _, value in spec:
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Spec) and not isinstance(item, RunSpec):
                if not all(is_built_in(type(part)) for part in (item, *item.implied())):
                    yield item
                yield from _parts(item)


def _require_causal_part(part: Spec, bars: Sequence[Bars]) -> None:
    numbers = _numbers(part)
    if numbers is None:
        return
    kind, compute = numbers
    with plugin_errors(part, kind, StrategyError):
        found = leaks(compute, bars)
    _refuse(part, kind, found or _gap_leaks(part))


def _refuse(part: Spec, kind: str, found: Sequence[LookAhead]) -> None:
    if found:
        raise StrategyError(f"{named(part, kind)} cannot be used. {found[0].sentence()} {WAY_OUT}")


@lru_cache(maxsize=64)
def _gap_leaks(part: Spec) -> tuple[LookAhead, ...]:
    """Leaks of ``part`` on synthetic bars with gaps; cached, as an edited plug-in becomes another class."""
    numbers = _numbers(part)
    return leaks_into_gaps(numbers[1]) if numbers else ()


@lru_cache(maxsize=64)
def _signal_leaks(strategy: Strategy) -> tuple[LookAhead, ...]:
    """``_gap_leaks`` of the signals of ``strategy``, which follows no run."""

    def compute(bars: Bars) -> dict[str, Floats]:
        found = call_strategy.signals(strategy, bars, {"market": Market((bars,))})
        flags = zip(SIDES, found.sides(), strict=True)
        return {side: np.asarray(values, dtype=np.float64) for side, values in flags if values is not None}

    return leaks_into_gaps(compute)


def _numbers(part: Spec) -> tuple[str, Compute] | None:
    """The kind of ``part`` and its numeric outputs; None for a component without, such as a strategy."""
    if isinstance(part, Indicator):
        return "indicator", lambda bars: call_indicator.outputs(part, lambda: part.compute(bars), (len(bars),))
    if isinstance(part, Operand):
        return "operand", lambda bars: {part.label(): line_of(part, bars)}
    if isinstance(part, Condition):
        return "condition", lambda bars: {part.label(): _truth(part, bars)}
    if isinstance(part, Stops):
        return "stop", lambda bars: {"distance": np.asarray(part.distances(bars))}
    if isinstance(part, Sizing):
        return "sizing", lambda bars: {part.label(): sized(part, bars).amount}
    return None


def _truth(condition: Condition, bars: Bars) -> Any:
    """1 where the condition holds, 0 where it does not, NaN where unknown."""
    found = truth_of(condition, bars)
    return np.where(found.yes, 1.0, np.where(found.no, 0.0, np.nan))
