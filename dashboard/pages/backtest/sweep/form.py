"""The form of the sweep: axes over the backtest in the page's form, and how their combinations are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor, log10
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components import controls
from dashboard.components.fields import Field, Values, find, to_percent
from dashboard.components.icon import icon
from dashboard.components.values import get
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.runs.studies import StudyForm
from dashboard.text.format import count
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.axes import sweepable
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.stress import is_stress
from engine.core.axes import Axis, AxisOption, resolve
from engine.core.errors import SpecError
from engine.core.spec import RunSpec

MAXIMUM_AXIS_CHOICES, DEFAULT_AXES, MAXIMUM_STEPS, MINIMUM_STEPS = 8, 2, 60, 10
"""Axes of a sweep, axes that a fresh form has; steps that a suggested axis has at most, and at least where it can."""
_NICE = (1, 2, 2.5, 5)


class SweepForm(StudyForm):
    """A study's form with a row for each axis in place of the generic controls. ``stress`` says whether axes over costs
    are offered, along which nothing is chosen.
    """

    stress = True

    def start(self, query: str | None) -> tuple[dict[str, Any], RunSpec | None, str]:
        """A fresh form starts with the axes of the page's own fresh form; another base brings others (``fitting``)."""
        values, spec, problem = super().start(query)
        if spec is None:
            base = BACKTEST.defaults()
            values |= {self.base: base, "axes": default_axes(offers(base, self.stress))}
        return values, spec, problem

    def collect(self, ids_: Sequence[Mapping[str, str]], inputs: Sequence[Any]) -> dict[str, Any]:
        values = super().collect(ids_, inputs)
        axes = values.get("axes")
        base = values.get(self.base)
        values["axes"] = [_read(base, axis) for axis in axes if isinstance(axis, dict)] if axes else []
        return values

    def parse(self, values: Values) -> RunSpec:
        base = values.get(self.base)
        if isinstance(base, Mapping):
            axes = values.get("axes") or ()
            wrong = [problem for place, axis in enumerate(axes) for problem in _problems(f"axes.{place}", axis, base)]
            if not axes:
                wrong = [("axes", "Add a parameter to vary.")]
            if wrong:
                raise SpecError(wrong)
        return super().parse(values)

    def extent(self, spec: RunSpec) -> str:
        """The number of backtests."""
        if not isinstance(spec, SweepSpec):
            return ""
        grid, symbols = spec.grid_size(), len(spec.base.market.symbols)
        number = count(grid, "combination") if spec.sample == "grid" else count(spec.count, "combination")
        return f"{number} on {symbols} symbols" if symbols > 1 else number

    def changed_list(self, values: Values, path: str, added: str, removed: int | None) -> list[Component]:
        axes = [axis for place, axis in enumerate(values["axes"]) if place != removed]
        base = values.get(self.base)
        if not isinstance(base, Mapping):
            return self.axes(axes, base)
        offered = {item.path: item for item in offers(base, self.stress)}
        is_new = added in offered and added not in [axis.get("path") for axis in axes]
        return self.axes([*axes, suggestion(offered[added])] if is_new else axes, base)

    def axes(self, axes: Sequence[Values], base: object) -> list[Component]:
        """A row for each of ``axes``."""
        return [self._axis(place, axis, base) for place, axis in enumerate(axes)]

    def fields(self, values: Values) -> list[Component]:
        """The axes on the left, how combinations are chosen and ranked on the right."""
        base = get(values, self.base)
        axes = values.get("axes") or ()
        used = [axis["path"] for axis in axes]
        offered = [item for item in offers(base, self.stress) if item.path not in used] if axes else []
        add = ids.part("add", self.page, path="axes")
        label = html.Label("Add a parameter", htmlFor=ids.dom_id(add), className="visually-hidden")
        select = dbc.Select(id=add, options=options(offered), value="", placeholder="+ Add", className="select add")
        head = html.Div([html.Span(word) for word in ("Parameter", "From", "To", "Step")], className="axis-head")
        listed = html.Div(self.axes(axes, base), id=ids.part("list", self.page, path="axes"))
        rows = self.rows(self.spec, values, "", values, "")
        return [
            html.Div([head, listed, controls.problem(self.page, "axes"), label, select], className="axes"),
            html.Div([row for _, row in rows], className="sampling"),
        ]

    def _field(self, item: Field, value: Any, whole: Values, section: str) -> list[tuple[str, Component]]:
        return [] if item.path == "axes" else super()._field(item, value, whole, section)

    def _axis(self, place: int, axis: Values, base: object) -> Component:
        path = str(axis.get("path", ""))
        field = _field_of(base, path)
        where = f"axes.{place}"
        titles = {item.path: item.title for item in offers(base)}
        of_list, _, own = titles.get(path, field.title).rpartition(": ")
        part = of_list if path.startswith("strategy.") else field.section
        name = html.Div([html.Span(own, className="f-label", title=path), html.Small(part)])
        hidden = dcc.Input(id=ids.field(self.page, f"{where}.path"), type="hidden", value=path)
        remove = html.Button(
            icon("close"),
            id=ids.part("remove", self.page, path="axes", index=str(place)),
            className="icon-button",
            type="button",
            **{"aria-label": f"Remove {titles.get(path, field.title).lower()}"},
        )
        places = [where, *(f"{where}.{end}" for end in ("path", "low", "high", "step", "values"))]
        problems = [controls.problem(self.page, at) for at in places]
        parts = [name, *self._values(where, axis, field), hidden, remove, *problems]
        return html.Div(parts, className="axis", key=where)

    def _values(self, where: str, axis: Values, field: Field) -> list[Component]:
        """What an axis runs through: words, numbers in a list, or a range."""
        listed = tuple(axis.get("values") or ())
        path = f"{where}.values"
        if field.choices or field.control == "switch":
            words = [(str(value), word) for value, word in field.choices or ((False, "off"), (True, "on"))]
            many = replace(field, control="many")
            return [self._control(path, many, [str(value) for value in listed], "values", words)]
        if listed:
            text = "; ".join(str(controls.shown(to_percent(v) if field.percent else v)) for v in listed)
            return [
                self._control(path, replace(field, control="text", unit="%" if field.percent else ""), text, "values")
            ]
        number = replace(field, control="number", optional=False, step=field.step or 1)
        step = replace(number, optional=True, low=None, high=None)
        return [
            self._control(f"{where}.{end}", step if end == "step" else number, axis.get(end), word)
            for end, word in (("low", "from"), ("high", "to"), ("step", "step"))
        ]

    def _control(
        self, path: str, field: Field, value: Any, word: str, words: controls.Options | None = None
    ) -> Component:
        id_ = ids.field(self.page, path)
        label = html.Label(f"{field.title} {word}", htmlFor=ids.dom_id(id_), className="visually-hidden")
        return html.Div([label, controls.control(id_, field, value, words)], className=f"axis-{word}")


def offers(base: object, stress: bool = True) -> tuple[AxisOption, ...]:
    """What can vary in the backtest of plain values ``base``, costs for a ``stress`` alone; nothing without one."""
    try:
        return tuple(item for item in sweepable(BacktestSpec.parse(base)) if stress or not is_stress(item.path))
    except SpecError:
        return ()


def options(offered: Sequence[AxisOption]) -> list[dict[str, str]]:
    """The select that adds an axis."""
    return [{"value": item.path, "label": f"{item.section or 'Strategy'}: {item.title}"} for item in offered]


def fitting(axes: Sequence[Values], base: object, stress: bool = True) -> list[Values] | None:
    """``axes`` for another base; None to leave all as they are.

    A range that the base allows stays, another one gives way to the field's own. Where an axis is of a field that the
    base lacks, the default_axes ones come instead.
    """
    offered = {item.path: item for item in offers(base, stress)}
    known = [axis for axis in axes if axis.get("path") in offered]
    fitted = [axis if _is_allowed(base, axis) else suggestion(offered[axis["path"]]) for axis in known]
    if not offered or (axes and fitted == list(axes)):
        return None
    if axes and len(known) == len(axes):
        return fitted
    by_path = {axis["path"]: axis for axis in fitted}
    first = [by_path.pop(axis["path"], axis) for axis in default_axes(tuple(offered.values()))]
    return [*first, *by_path.values()][:MAXIMUM_AXIS_CHOICES]


def _is_allowed(base: object, axis: Values) -> bool:
    """Whether ``axis`` suits the field that it names; one that is half typed does, for its controls say the rest."""
    try:
        parsed = Axis.parse({name: value for name, value in axis.items() if value is not None})
    except SpecError:
        return True
    try:
        resolve(BacktestSpec.parse(base), parsed)
    except SpecError:
        return False
    return True


def default_axes(offered: Sequence[AxisOption]) -> list[dict[str, Any]]:
    """The axes of a fresh form: the strategy's first numbers, those before that are not 0, as a lag is or a threshold
    that is off; where it has none what trading costs, or a stop where that is not offered.
    """
    numbers = [item for item in offered if not item.choices and item.low < item.high]
    own = sorted((item for item in numbers if item.path.startswith("strategy.")), key=lambda item: not item.value)
    others = [item for path in ("costs.slippage", "stops.stop_loss") for item in numbers if item.path == path]
    return [suggestion(item) for item in own[:DEFAULT_AXES] or others[:1]]


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


def _read(base: object, axis: dict[str, Any]) -> dict[str, Any]:
    """The controls of an axis as plain values."""
    field = _field_of(base, str(axis.get("path", "")))
    found = {
        name: axis[name] for name in ("path", "low", "high", "step", "values") if axis.get(name) not in (None, "", [])
    }
    number = replace(field, control="number")
    for name in ("low", "high", "step"):
        if name in found:
            found[name] = controls.parse_value(number, found[name])
    if isinstance(found.get("values"), str):
        parts = found["values"].replace(";", " ").split()
        found["values"] = [controls.parse_value(number, part) for part in parts]
    return found


def _problems(path: str, axis: Values, base: object) -> list[tuple[str, str]]:
    """What is wrong with a range before the engine sees it, each at its own control."""
    field = _field_of(base, str(axis.get("path", "")))
    if axis.get("values"):
        return []
    if field.choices or field.control == "switch":
        return [(f"{path}.values", f"{field.title} has no values: choose at least one.")]
    found = []
    for end, word in (("low", "From"), ("high", "To"), ("step", "Step")):
        value = axis.get(end)
        if value is None and end != "step":
            found.append((f"{path}.{end}", f"{word} is missing: enter a value."))
        elif isinstance(value, str):
            found.append((f"{path}.{end}", f"{word} must be a number, not '{value[:40]}'."))
        elif end == "step" and value is not None and value <= 0:
            found.append((f"{path}.{end}", f"{word} must be above 0."))
    if not found and axis["low"] > axis["high"]:
        found.append((f"{path}.high", "To must not be below From."))
    return found


def _field_of(base: object, path: str) -> Field:
    """The field of the backtest that an axis names, as its own form shows it."""
    try:
        return find(BacktestSpec, base if isinstance(base, Mapping) else {}, path)
    except SpecError:
        return Field(path, path, "number", None)
