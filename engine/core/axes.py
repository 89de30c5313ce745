"""Axes of a search: the fields of a request that vary, and their values."""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator
from pydantic.fields import FieldInfo

from engine.core.errors import SpecError, did_you_mean
from engine.core.field_paths import FieldRef, kind_of, leaves
from engine.core.spec import Spec, parameter

Floats = NDArray[np.float64]

VALUES = 10_000_000
"""Largest number of values of one axis."""


class Axis(Spec):
    """A field of a request, by its dotted path, and its values: those listed, or from ``low`` to ``high`` by ``step``.

    Conditions are indexed from 0 in a path, as in strategy.enter.0.left.window. The default step is one for integers,
    else the field's own step or a tenth of the range; random samples then take any value in between.
    """

    path: str = parameter(title="Parameter", help="Path of the field, such as strategy.fast.")
    low: float | None = parameter(None, title="From")
    high: float | None = parameter(None, title="To")
    step: float | None = parameter(None, title="Step", gt=0)
    values: tuple[bool | int | float | str, ...] = parameter(
        (), title="Values", help="List of values, instead of a range."
    )

    @model_validator(mode="after")
    def _a_range_or_values(self) -> Axis:
        if self.values:
            if len(self.values) > 100_000:
                raise ValueError(f"{self.path} lists {len(self.values):,} values: at most 100,000.")
            if len(set(self.values)) < len(self.values):
                raise ValueError(f"{self.path} lists a value twice.")
        elif self.low is None or self.high is None:
            raise ValueError(f"{self.path} needs a range, from and to, or a list of values.")
        elif self.low > self.high:
            raise ValueError(f"{self.path} ends ({self.high:g}) before it starts ({self.low:g}).")
        return self


@dataclass(frozen=True)
class AxisOption:
    """A field that can be an axis. ``low`` and ``high`` suggest a range around the base's ``value``; ``choices`` are
    the options of a categorical field; ``whole`` marks integers.
    """

    path: str
    title: str
    unit: str
    section: str
    whole: bool
    low: float
    high: float
    step: float | None
    choices: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class ResolvedAxis:
    """An axis resolved on a base. ``words`` are the options of a categorical axis, whose values are their indices."""

    path: str
    title: str
    unit: str
    whole: bool
    low: float
    high: float
    step: float
    free: bool
    listed: tuple[float, ...]
    words: tuple[str, ...]

    def count(self) -> int:
        """Number of grid values."""
        if self.listed:
            return len(self.listed)
        return math.floor((self.high - self.low) / self.step * (1 + 1e-12) + 1e-9) + 1

    def values(self) -> Floats:
        """The grid values, ascending unless listed."""
        return self.at(np.arange(self.count()))

    def at(self, places: Any) -> Floats:
        """Grid values at the indices ``places``; decimal steps give decimal numbers."""
        if self.listed:
            listed: Floats = np.array(self.listed, dtype=np.float64)[np.asarray(places)]
            return listed
        digits = max(0, 12 - math.ceil(math.log10(max(abs(self.low), abs(self.high), self.step, 1e-300))))
        found: Floats = np.round(self.low + np.asarray(places) * self.step, min(digits, 15))
        return found

    def quantiles(self, quantiles: Floats) -> Floats:
        """Values at ``quantiles`` in [0, 1) of the axis: any in its range where no step was given, else of the grid."""
        if self.free:
            return self.low + quantiles * (self.high - self.low)
        return self.at(np.minimum((quantiles * self.count()).astype(np.int64), self.count() - 1))

    def plain(self, value: float) -> bool | int | float | str:
        """A value of the axis as the field's own type."""
        if self.words:
            return choice_value(self.words[int(value)])
        return int(value) if self.whole else float(value)


def choice_value(word: str) -> bool | int | str:
    """The field value of a categorical option."""
    known: dict[str, bool] = {"True": True, "False": False}
    return int(word) if word.isdecimal() else known.get(word, word)


def axis_options(base: Spec) -> tuple[AxisOption, ...]:
    """The possible axes over ``base``, in the order of the form."""
    return tuple(_suggest(path, leaf) for path, leaf in leaves(base).items())


def resolve(base: Spec, axis: Axis) -> ResolvedAxis:
    """``axis`` on ``base``. Raises ``SpecError`` (paths relative to the axis) for a field that does not exist, cannot
    vary, or does not allow a value of the axis.
    """
    known = leaves(base)
    if axis.path not in known:
        raise SpecError([("path", f"'{axis.path[:60]}' cannot be varied here.{did_you_mean(axis.path, tuple(known))}")])
    owner, name, title = known[axis.path]
    field = type(owner).model_fields[name]
    words, is_integer = _choices(field), kind_of(field) is int
    listed = _listed(axis, words, field)
    _require_allowed(owner, name, axis, words, listed, is_integer)
    low, high = (min(listed), max(listed)) if listed else (float(axis.low or 0.0), float(axis.high or 0.0))
    step = axis.step or (1.0 if is_integer else _extra(field, "step")) or (high - low) / 10 or 1.0
    free = not (axis.values or axis.step or is_integer)
    unit = str(_extra(field, "unit") or "")
    scale = ResolvedAxis(axis.path, title, unit, is_integer, low, high, float(step), free, listed, words)
    if scale.count() > VALUES and not free:
        raise SpecError([("step", f"{title} would have {scale.count():,} values: increase its step.")])
    return scale


def _listed(axis: Axis, words: tuple[str, ...], field: FieldInfo) -> tuple[float, ...]:
    """The listed values as numbers, categorical ones as indices into ``words``."""
    if words:
        if not axis.values:
            raise SpecError([("values", f"{field.title} has no range: list values from {', '.join(words)}.")])
        for value in axis.values:
            if str(value) not in words:
                raise SpecError(
                    [("values", f"{field.title} cannot be '{str(value)[:40]}'.{did_you_mean(str(value), words)}")]
                )
        return tuple(float(words.index(str(value))) for value in axis.values)
    for value in axis.values:
        if isinstance(value, str | bool):
            raise SpecError([("values", f"{field.title} needs numbers, not '{str(value)[:40]}'.")])
    return tuple(float(value) for value in axis.values)


def _require_allowed(
    owner: Spec, name: str, axis: Axis, words: tuple[str, ...], listed: tuple[float, ...], is_integer: bool
) -> None:
    """Validate the ends of a range, or every listed value, against the field's bounds."""
    if words:
        return
    ends: list[tuple[str, Any]] = [("values", value) for value in listed] or [("low", axis.low), ("high", axis.high)]
    for field, value in ends:
        number = int(value) if is_integer and float(value).is_integer() else value
        try:
            type(owner).parse({**owner.model_dump(mode="json"), name: number})
        except SpecError as error:
            problems = [(field, text) for path, text in error.problems if path == name]
            if problems:
                raise SpecError(problems) from None
    if is_integer and axis.step is not None and not float(axis.step).is_integer():
        raise SpecError([("step", f"The step of whole numbers must be a whole number, not {axis.step:g}.")])


def _choices(field: FieldInfo) -> tuple[str, ...]:
    if kind_of(field) is not str:
        return ()
    return (
        ("False", "True")
        if field.annotation is bool
        else tuple(str(item) for item in typing.get_args(field.annotation))
    )


def _extra(field: FieldInfo, name: str) -> Any:
    extra = field.json_schema_extra
    return extra.get(name) if isinstance(extra, dict) else None


def _bounds(field: FieldInfo, step: float) -> tuple[float, float]:
    """The ends of what a field allows; a ``step`` below an upper one that it excludes."""
    low, high = -math.inf, math.inf
    for rule in field.metadata:
        low = max(low, *(float(getattr(rule, side)) for side in ("ge", "gt") if hasattr(rule, side)), low)
        high = min(high, float(getattr(rule, "le", high)), float(getattr(rule, "lt", math.inf)) - step)
    return low, high


def _suggest(path: str, leaf: FieldRef) -> AxisOption:
    """A range from half the value to twice it, within the field's bounds; from 0 in twenty steps where the value is 0,
    and from the fifth to the twentieth step where there is none.
    """
    owner, name, title = leaf
    field, value = type(owner).model_fields[name], getattr(owner, name)
    words, is_integer = _choices(field), kind_of(field) is int
    step = _extra(field, "step") or (1.0 if is_integer else None)
    low, high = 0.0, float(max(len(words) - 1, 0))
    if not words:
        least, most = _bounds(field, step or 0.01)
        middle = float(value) if value else 10 * (step or 0.1)
        low, high = sorted((0.0 if value == 0 else middle / 2, middle * 2))
        low, high = max(low, least), min(high, most)
        if is_integer or step:
            unit = step or 1.0
            low, high = max(round(low / unit) * unit, least), min(round(high / unit) * unit, most)
    low, high = float(f"{low:.12g}"), float(f"{high:.12g}")
    unit_text = str(_extra(field, "unit") or "")
    section = str(_extra(field, "section") or "")
    return AxisOption(path, title, unit_text, section, is_integer, low, high, step, words, value)
