"""Suggested ranges of axes: round numbers around what the form says."""

from __future__ import annotations

from math import floor, log10
from typing import Any

from engine.core.axes import AxisOption

MAXIMUM_STEPS, MINIMUM_STEPS = 60, 10
"""Steps that a suggested axis has at most, and at least where it can."""
_NICE = (1, 2, 2.5, 5)


def suggestion(item: AxisOption) -> dict[str, Any]:
    """An axis over ``item`` with a round step and at most ``MAXIMUM_STEPS`` steps that contains the form's own value;
    or all the words that it can be.

    Of the round steps the first is taken with which the suggested ends and the value lie on one grid, else on one of
    the step's multiples; where none has, the ends give way.
    """
    if item.choices:
        return {"path": item.path, "values": list(item.choices)}
    least = item.step or 0.0
    minimum = max((item.high - item.low) / MAXIMUM_STEPS, least)
    if minimum <= 0:
        return {"path": item.path, "low": item.low, "high": item.high}
    value = float(item.value) if item.value is not None and item.low <= item.value <= item.high else item.low
    sizes = _round_steps(minimum, least)
    fine = [size for size in sizes if (item.high - item.low) / size >= MINIMUM_STEPS] or sizes[:1]
    exact = next((size for size in fine if _divides(size, value - item.low, item.high - item.low)), None)
    step = exact or next((size for size in fine if _divides(size, value)), sizes[0])
    below, above = (floor(reach / step + 1e-9) for reach in (value - item.low, item.high - value))
    ends = {"low": value - below * step, "high": value + above * step, "step": step}
    return {"path": item.path} | {name: float(f"{end:.6g}") for name, end in ends.items()}


def _round_steps(minimum: float, least: float) -> list[float]:
    """Round numbers from ``minimum`` up to ten times that, multiples of ``least`` where there are any."""
    size = 10.0 ** floor(log10(minimum) + 1e-9)
    found = [size * ten * nice for ten in (1, 10) for nice in _NICE if size * ten * nice >= minimum * (1 - 1e-9)]
    return [step for step in found if not least or _divides(least, step)] or [least]


def _divides(step: float, *values: float) -> bool:
    return all(abs(value / step - round(value / step)) < 1e-6 for value in values)
