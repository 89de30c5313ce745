"""The form of a search: axes over the request in the page's form, and how their combinations are chosen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.axes_form.suggestions import suggestion
from dashboard.components import controls
from dashboard.components.fields import Field, Values, find, to_percent
from dashboard.components.form import Form
from dashboard.components.icon import icon
from dashboard.components.values import get
from dashboard.runs.studies import StudyForm
from engine.core.axes import Axis, AxisOption, resolve
from engine.core.errors import SpecError
from engine.core.spec import RunSpec, Spec

MAXIMUM_AXIS_CHOICES, DEFAULT_AXES = 8, 2
"""Axes of a search, and axes that a fresh form has."""


class AxesForm(StudyForm):
    """A study's form with a row for each axis in place of the generic controls.

    ``around`` is the page's own form, ``own`` how the paths of its plug-in begin, whose fields need no section, and
    ``section`` what these are called. ``ends`` are the columns of a range: field of the axis, and heading.
    ``axis_type`` is the class of the axes.
    """

    around: ClassVar[Form]
    own: ClassVar[str]
    section: ClassVar[str]
    ends: ClassVar[tuple[tuple[str, str], ...]] = (("low", "From"), ("high", "To"), ("step", "Step"))
    axis_type: ClassVar[type[Axis]] = Axis

    @abstractmethod
    def varied(self, base: Spec) -> tuple[AxisOption, ...]:
        """What can vary in the request ``base``."""

    @abstractmethod
    def first_axes(self, offered: Sequence[AxisOption], base: object = None) -> list[dict[str, Any]]:
        """The axes of a fresh form around plain values ``base``, by itself those of a fresh page."""

    def suggested(self, item: AxisOption, base: object) -> dict[str, Any]:
        """An axis over ``item`` of plain values ``base``, as plain values."""
        return suggestion(item)

    def axis_offers(self, base: object) -> tuple[AxisOption, ...]:
        """What can vary in the request of plain values ``base``; nothing without one."""
        try:
            return self.varied(self.around.spec.parse(base))
        except SpecError:
            return ()

    def start(self, query: str | None) -> tuple[dict[str, Any], RunSpec | None, str]:
        """A fresh form starts with the axes of the page's own fresh form; another base brings others (``fitting``)."""
        values, spec, problem = super().start(query)
        if spec is None:
            base = self.around.defaults()
            values |= {self.base: base, "axes": self.first_axes(self.axis_offers(base), base)}
        return values, spec, problem

    def collect(self, ids_: Sequence[Mapping[str, str]], inputs: Sequence[Any]) -> dict[str, Any]:
        values = super().collect(ids_, inputs)
        axes = values.get("axes")
        base = values.get(self.base)
        values["axes"] = [self._read(base, axis) for axis in axes if isinstance(axis, dict)] if axes else []
        return values

    def parse(self, values: Values) -> RunSpec:
        base = values.get(self.base)
        if isinstance(base, Mapping):
            axes = values.get("axes") or ()
            wrong = [item for place, axis in enumerate(axes) for item in self._problems(f"axes.{place}", axis, base)]
            if not axes:
                wrong = [("axes", "Add a parameter to vary.")]
            if wrong:
                raise SpecError(wrong)
        return super().parse(values)

    def changed_list(self, values: Values, path: str, added: str, removed: int | None) -> list[Component]:
        axes = [axis for place, axis in enumerate(values["axes"]) if place != removed]
        base = values.get(self.base)
        if not isinstance(base, Mapping):
            return self.axes(axes, base)
        offered = {item.path: item for item in self.axis_offers(base)}
        is_new = added in offered and added not in [axis.get("path") for axis in axes]
        return self.axes([*axes, self.suggested(offered[added], base)] if is_new else axes, base)

    def fitting(self, axes: Sequence[Values], base: object) -> list[Values] | None:
        """``axes`` for another base; None to leave all as they are.

        A range that the base allows stays, another one gives way to the field's own. Where an axis is of a field that
        the base lacks, those of a fresh form come instead.
        """
        offered = {item.path: item for item in self.axis_offers(base)}
        known = [axis for axis in axes if axis.get("path") in offered]
        fitted = [
            axis if self._is_allowed(base, axis) else self.suggested(offered[axis["path"]], base) for axis in known
        ]
        if not offered or (axes and fitted == list(axes)):
            return None
        if axes and len(known) == len(axes):
            return fitted
        by_path = {axis["path"]: axis for axis in fitted}
        first = [by_path.pop(axis["path"], axis) for axis in self.first_axes(tuple(offered.values()), base)]
        return [*first, *by_path.values()][:MAXIMUM_AXIS_CHOICES]

    def axes(self, axes: Sequence[Values], base: object) -> list[Component]:
        """A row for each of ``axes``."""
        titles = {item.path: item.title for item in self.axis_offers(base)}
        return [self._axis(place, axis, base, titles) for place, axis in enumerate(axes)]

    def fields(self, values: Values) -> list[Component]:
        """The axes on the left, how combinations are chosen and ranked on the right."""
        base = get(values, self.base)
        axes = values.get("axes") or ()
        used = [axis["path"] for axis in axes]
        offered = [item for item in self.axis_offers(base) if item.path not in used] if axes else []
        add = ids.part("add", self.page, path="axes")
        label = html.Label("Add a parameter", htmlFor=ids.dom_id(add), className="visually-hidden")
        listed = self.to_add(offered)
        select = dbc.Select(id=add, options=listed, value="", placeholder="+ Add", className="select add")
        heads = ("Parameter", *(word for _, word in self.ends))
        head = html.Div([html.Span(word) for word in heads], className="axis-head")
        rows = html.Div(self.axes(axes, base), id=ids.part("list", self.page, path="axes"))
        chosen = self.rows(self.spec, values, "", values, "")
        wide = "axes wide" if len(self.ends) > 3 else "axes"
        return [
            html.Div([head, rows, controls.problem(self.page, "axes"), label, select], className=wide),
            html.Div([row for _, row in chosen], className="sampling"),
        ]

    def to_add(self, offered: Sequence[AxisOption]) -> list[dict[str, str]]:
        """The select that adds an axis."""
        return [{"value": item.path, "label": f"{item.section or self.section}: {item.title}"} for item in offered]

    def _field(self, item: Field, value: Any, whole: Values, section: str) -> list[tuple[str, Component]]:
        return [] if item.path == "axes" else super()._field(item, value, whole, section)

    def _axis(self, place: int, axis: Values, base: object, titles: Mapping[str, str]) -> Component:
        path = str(axis.get("path", ""))
        field = self._field_of(base, path)
        where = f"axes.{place}"
        of_list, _, own = titles.get(path, field.title).rpartition(": ")
        part = of_list if path.startswith(self.own) else field.section
        name = html.Div([html.Span(own, className="f-label", title=path), html.Small(part)])
        hidden = dcc.Input(id=ids.field(self.page, f"{where}.path"), type="hidden", value=path)
        remove = html.Button(
            icon("close"),
            id=ids.part("remove", self.page, path="axes", index=str(place)),
            className="icon-button",
            type="button",
            **{"aria-label": f"Remove {titles.get(path, field.title).lower()}"},
        )
        places = [where, *(f"{where}.{end}" for end in ("path", *(end for end, _ in self.ends), "values"))]
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
        return [self._end(where, axis, field, end, word) for end, word in self.ends]

    def _end(self, where: str, axis: Values, field: Field, end: str, word: str) -> Component:
        """One control of a range."""
        number = replace(field, control="number", optional=False, step=field.step or 1)
        if end == "step":
            number = replace(number, optional=True, low=None, high=None)
        return self._control(f"{where}.{end}", number, axis.get(end), word.lower())

    def _control(
        self, path: str, field: Field, value: Any, word: str, words: controls.Options | None = None
    ) -> Component:
        id_ = ids.field(self.page, path)
        label = html.Label(f"{field.title} {word}", htmlFor=ids.dom_id(id_), className="visually-hidden")
        return html.Div([label, controls.control(id_, field, value, words)], className=f"axis-{word}")

    def _is_allowed(self, base: object, axis: Values) -> bool:
        """Whether ``axis`` suits the field that it names; one that is half typed does: its controls say the rest."""
        try:
            parsed = self.axis_type.parse({name: value for name, value in axis.items() if value is not None})
        except SpecError:
            return True
        try:
            resolve(self.around.spec.parse(base), parsed)
        except SpecError:
            return False
        return True

    def _read(self, base: object, axis: dict[str, Any]) -> dict[str, Any]:
        """The controls of an axis as plain values."""
        field = self._field_of(base, str(axis.get("path", "")))
        names = ("path", *(end for end, _ in self.ends), "values")
        found = {name: axis[name] for name in names if axis.get(name) not in (None, "", [])}
        number = replace(field, control="number")
        for name in ("low", "high", "step"):
            if name in found:
                found[name] = controls.parse_value(number, found[name])
        if isinstance(found.get("values"), str):
            parts = found["values"].replace(";", " ").split()
            found["values"] = [controls.parse_value(number, part) for part in parts]
        return found

    def _problems(self, path: str, axis: Values, base: object) -> list[tuple[str, str]]:
        """What is wrong with a range before the engine sees it, each at its own control."""
        field = self._field_of(base, str(axis.get("path", "")))
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

    def _field_of(self, base: object, path: str) -> Field:
        """The field of the request that an axis names, as its own form shows it."""
        try:
            return find(self.around.spec, base if isinstance(base, Mapping) else {}, path)
        except SpecError:
            return Field(path, path, "number", None)
