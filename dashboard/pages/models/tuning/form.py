"""The form of a tuning: axes over the model in the page's form, and how trials are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from dash import html
from dash.development.base_component import Component

from dashboard.axes_form.form import AxesForm
from dashboard.axes_form.suggestions import suggestion
from dashboard.components.fields import Field, Values
from dashboard.components.form import Form
from dashboard.pages.models import ids
from dashboard.pages.models.form import FORM as MODEL
from dashboard.text.format import count
from engine.core.axes import Axis, AxisOption, resolve
from engine.core.errors import SpecError
from engine.core.spec import RunSpec, Spec
from engine.models.spec import ModelSpec
from engine.models.tuning.space import TuningAxis, dimension
from engine.models.tuning.spec import TuningSpec, tunable

FRESH = 3
"""Axes of a fresh form."""
_WIDE, _SMALLEST = {False: 10.0, True: 4.0}, 4
"""Factor by which a suggested range reaches below and above the value, of floats and of integers; the smallest integer
of which ratios matter."""


class TuningForm(AxesForm):
    """A range may be searched by ratios, as the rates and penalties of a model are by themselves."""

    around: ClassVar[Form] = MODEL
    own: ClassVar[str] = "model."
    section: ClassVar[str] = "Model"
    ends: ClassVar[tuple[tuple[str, str], ...]] = (
        ("low", "From"), ("high", "To"), ("step", "Step"), ("log", "Log"),
    )  # fmt: skip
    axis_type: ClassVar[type[Axis]] = TuningAxis

    def varied(self, base: Spec) -> tuple[AxisOption, ...]:
        return tunable(base) if isinstance(base, ModelSpec) else ()

    def first_axes(self, offered: Sequence[AxisOption], base: object = None) -> list[dict[str, Any]]:
        """The model's first numbers that are not 0, as what is off is."""
        own = [item for item in offered if item.path.startswith(self.own) and not item.choices and item.value]
        return [self.suggested(item, base) for item in own[:FRESH]]

    def suggested(self, item: AxisOption, base: object) -> dict[str, Any]:
        """By ratios around a value above 0 where the field's bounds admit that, else as a sweep would."""
        value = item.value
        if item.choices or not isinstance(value, int | float) or value <= 0 or (item.whole and value < _SMALLEST):
            return suggestion(item)
        wide = _WIDE[item.whole]
        low, high = (float(f"{end:.2g}") for end in (value / wide, value * wide))
        bounds = self._field_of(base, item.path)
        scale = 100 if bounds.percent else 1
        low = low if bounds.low is None else max(low, bounds.low / scale)
        high = high if bounds.high is None else min(high, bounds.high / scale)
        if item.whole:
            low, high = float(round(low)), float(round(high))
        axis = {"path": item.path, "low": low, "high": high, "log": True}
        return axis if 0 < low < high and _is_allowed(base, axis) else suggestion(item)

    def extent(self, spec: RunSpec) -> str:
        """The number of trials."""
        return count(spec.size(), "trial") if isinstance(spec, TuningSpec) else ""

    def fields(self, values: Values) -> list[Component]:
        """Below the axes, what is kept of the search that the form asks for."""
        axes, chosen = super().fields(values)
        again = html.Button("Continue", id=ids.TUNING_CONTINUE, className="link-button strong", type="button")
        kept = html.Div(
            [html.Span(id=ids.TUNING_KEPT_WORDS, role="status"), again],
            id=ids.TUNING_KEPT,
            className="tuning-kept",
            hidden=True,
        )
        return [axes, html.Div([chosen, kept])]

    def _read(self, base: object, axis: dict[str, Any]) -> dict[str, Any]:
        found = super()._read(base, axis)
        return {name: value for name, value in found.items() if name != "log" or value}

    def _end(self, where: str, axis: Values, field: Field, end: str, word: str) -> Component:
        if end != "log":
            return super()._end(where, axis, field, end, word)
        switch = replace(field, control="switch", choices=())
        return self._control(f"{where}.log", switch, bool(axis.get("log")), "log")


def _is_allowed(base: object, axis: Mapping[str, Any]) -> bool:
    """Whether the model of plain values ``base`` allows ``axis``; that of a fresh form where there is none."""
    try:
        model = ModelSpec.parse(base if isinstance(base, Mapping) else MODEL.defaults())
        parsed = TuningAxis.parse(axis)
        dimension(parsed, resolve(model, parsed))
    except SpecError:
        return False
    return True
