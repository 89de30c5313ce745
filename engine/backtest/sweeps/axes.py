"""The axes of a sweep: the fields of a backtest that vary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.backtest.sweeps.stress import is_stress
from engine.core.axes import Axis, AxisOption, axis_options

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


def without_costs(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """The axes without costs, which are a stress test and no choice."""
    return tuple(axis for axis in axes if not is_stress(axis.path))


def sweepable(base: BacktestSpec) -> tuple[AxisOption, ...]:
    """The possible axes over ``base``, in the order of the form."""
    return axis_options(base)


def differs_on_axes_alone(base: BacktestSpec, spec: BacktestSpec, axes: Sequence[Axis]) -> bool:
    """Whether ``spec`` differs from ``base`` only on the axes and in the warm-up."""
    one, other = base.model_dump(mode="json"), spec.model_dump(mode="json")
    one["warm_up"] = other["warm_up"] = None
    try:
        _blank(one, axes)
        _blank(other, axes)
    except (LookupError, TypeError, ValueError):
        return False  # it has no such place: rules with fewer conditions
    return one == other


def _blank(values: Any, axes: Sequence[Axis]) -> None:
    """Set the values on the axes to None, in place."""
    for axis in axes:
        *way, last = axis.path.split(".")
        place = values
        for name in way:
            place = place[int(name) if isinstance(place, list) else name]
        place[last] = None
