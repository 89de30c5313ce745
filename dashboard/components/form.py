"""A form made from a spec class: what it shows, what it reads back, what it says about a wrong value."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard import ids, state
from dashboard.components import controls, picker
from dashboard.components.fields import Field, Values, class_of, fields_of, find, name_of, walk
from dashboard.components.icon import icon
from dashboard.components.sections import Row, titled
from dashboard.components.stored_options import offered
from dashboard.components.values import (
    compact,
    complete,
    completed,
    get,
    known,
    leaves,
    lists,
    put,
    without,
)
from engine.core.errors import SpecError
from engine.core.registry import Registry
from engine.core.spec import Action, RunSpec, Spec, kind_name
from engine.features.spec import FeatureSpec
from engine.jobs.requests import load_spec
from engine.market.spec import MarketSpec

_TYPING = 200  # milliseconds of rest before a form without a run button takes a typed value
Offer = Callable[[Values], controls.Options]


@dataclass(frozen=True)
class Form:
    """The control panel of ``page``: a form for ``spec``.

    ``action`` is the run button's text; without one every valid change is run at once, which suits specs that are
    not stored. ``options`` gives (value, label) pairs for fields of text, by path, from the form's plain values; a
    nested spec with options is chosen from a list, its value being canonical JSON. Fields in ``hidden`` keep the
    value that they started with. ``initial`` holds plain values to start with where the spec's own default does not
    serve. ``sections`` moves fields, by path, to a section of another title; the sections in ``folded`` are shut while
    they show what they usually do. Plug-ins of the registry ``searched`` are chosen from one list with a search
    (``picker``) instead of a select each, which ``facets`` narrow. ``blanks`` says, by path and from the form's plain
    values, what a field stands for that is left empty; ``shown_as`` gives the value that a control shows for that of
    the spec, where there is a shorter one that means the same.
    """

    page: str
    spec: type[RunSpec] | type[Action]
    action: str | None = None
    options: Mapping[str, Offer] = field(default_factory=dict, hash=False)
    hidden: tuple[str, ...] = ()
    initial: Mapping[str, Any] = field(default_factory=dict, hash=False)
    sections: Mapping[str, str] = field(default_factory=dict, hash=False)
    folded: tuple[str, ...] = ()
    searched: Registry[Any] | None = None
    facets: tuple[picker.Facet, ...] = ()
    blanks: Mapping[str, Callable[[Values], str]] = field(default_factory=dict, hash=False)
    shown_as: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict, hash=False)

    def offers(self) -> Mapping[str, Offer]:
        """What fields are chosen from, by path."""
        return self.options

    def start(self, query: str | None) -> tuple[dict[str, Any], RunSpec | Action | None, str]:
        """Plain values to show, the spec that a permalink asks for, and what is wrong with the permalink. One that
        holds a universe, or another request that the form has parts in common with, asks for nothing: a fresh form
        shows these.
        """
        if not query:
            return self.defaults(), None, ""
        try:
            values = state.from_query(query)
            if handed := self._handed(values):
                return self.defaults() | handed, None, ""
            spec = self.spec.parse(values)
        except SpecError as error:
            return self.defaults(), None, str(error)
        return self.plain(spec), spec, ""

    def _handed(self, values: Values) -> dict[str, Any]:
        """The parts that a form starts with which is handed the request ``values`` of another page; none of its own."""
        kind = values.get("kind")
        if kind == kind_name(self.spec) or "market" not in self.spec.model_fields:
            return {}
        if kind == kind_name(MarketSpec):
            return {"market": MarketSpec.parse(values).model_dump(mode="json")}
        is_known = kind == kind_name(FeatureSpec) and "features" in self.spec.model_fields
        plain = self.plain(load_spec(values)) if is_known else {}
        return {name: part for name, part in plain.items() if name != "kind" and name in self.spec.model_fields}

    def plain(self, spec: RunSpec | Action) -> dict[str, Any]:
        """Plain values that show ``spec`` in the form."""
        return spec.model_dump(mode="json")

    def defaults(self) -> dict[str, Any]:
        """Plain values of a fresh form."""
        return complete(self.spec, self.initial)

    def panel(self, values: Values) -> list[Component]:
        """The sections of the form, showing ``values``."""
        return titled(self.rows(self.spec, values, "", values, ""), self.folded)

    def rows(
        self, cls: type[Spec], values: Values, prefix: str, whole: Values, section: str, decided: Collection[str] = ()
    ) -> list[Row]:
        """Controls for the fields of ``cls``, which shows ``values``; ``whole`` is the entire form's. Of a plug-in in
        the field of a name in ``decided`` only the parameters are shown, of any other such field nothing.
        """
        found: list[Row] = []
        for item in fields_of(cls, prefix):
            value = values.get(name_of(item), item.default)
            if name_of(item) in decided:
                inner = self.group(item, item.path, value, whole)
                found += [(section, part) for part in (controls.problem(self.page, item.path), *inner)]
            elif item.path not in self.hidden:
                found += self._field(item, value, whole, section)
        return found

    def collect(self, ids_: Sequence[Mapping[str, str]], inputs: Sequence[Any]) -> dict[str, Any]:
        """Plain values of the spec from the controls' ids and values; hidden fields and empty lists included."""
        values: dict[str, Any] = {}
        for id_, value in zip(ids_, inputs, strict=True):
            entered = self._leaves(value, id_["path"]) if id_["role"] == "choice" else {id_["path"]: value}
            for path, part in entered.items():
                put(values, path, part)
        values = {name: lists(value) for name, value in values.items()}
        start = self.defaults()
        for item in self._fields(values):
            value = get(values, item.path)
            if item.path in self.hidden and get(start, item.path) is not None:
                put(values, item.path, get(start, item.path))
            elif item.control == "plugins" and value is None:
                put(values, item.path, [])
            elif item.control in ("number", "numbers", "choice", "date") and value is not None:
                put(values, item.path, controls.parse_value(item, value))
        return self._decoded(known(self.spec, values))

    def parse(self, values: Values) -> RunSpec | Action:
        """The spec in plain values. Raises ``SpecError``, with a sentence for each empty field that needs a value."""
        shown = self.shown(values)
        empty = [item for item in shown if item.control != "many" and get(values, item.path, "?") in (None, "")]
        wrong = [(item.path, _missing(item)) for item in empty if not item.optional]
        wrong += [(item.path, text) for item in shown if (text := controls.text_problem(item, get(values, item.path)))]
        if wrong:
            raise SpecError(wrong)
        try:
            return self.spec.parse(without(values, [item.path for item in empty]))
        except SpecError as error:
            raise _at_controls(error, shown) from None

    def problem(self, path: str, text: str, values: Values) -> Any:
        """What is shown at the field ``path`` where ``text`` is wrong with it: the text, or with a way out."""
        return text

    def extent(self, spec: RunSpec | Action) -> str:
        """What a run consists of, for the line under the run button; nothing where the estimate says enough."""
        return ""

    def require_feasible(self, spec: RunSpec | Action) -> None:
        """Raise ``DataError`` for what the page will not begin, although nothing is wrong with it."""

    def lacking(self, values: Values) -> str:
        """What is still to be entered where that is nobody's mistake, for the line under the run button."""
        return ""

    def shown(self, values: Values) -> list[Field]:
        """The fields that have a control of their own in a form that shows ``values``."""
        offers = self.offers()
        return [
            item
            for item in self._fields(values)
            if item.path not in self.hidden
            and (item.control not in ("group", "plugin", "plugins") or item.path in offers)
        ]

    def chosen(self, values: Values, path: str, kind: str) -> list[Component]:
        """The controls of the plug-in ``kind``, chosen at ``path``, showing its defaults."""
        listed = path.rsplit(".", 1)[0] if path.rsplit(".", 1)[-1].isdigit() else path
        item = find(self.spec, values, listed)
        return self.group(item, path, completed(item, self._values_of(item, kind)), values)

    def changed_list(self, values: Values, path: str, added: str, removed: int | None) -> list[Component]:
        """The cards of the list at ``path`` with a plug-in added, or the one in a place taken out."""
        item = find(self.spec, values, path)
        parts = [part for index, part in enumerate(get(values, path) or ()) if index != removed]
        return self.cards(item, [*parts, completed(item, self._values_of(item, added))] if added else parts, values)

    def card(self, item: Field, index: int, value: Values, whole: Values) -> Component:
        """One plug-in of a list, with its own controls and a button that takes it out."""
        path = f"{item.path}.{index}"
        remove = html.Button(
            icon("close"),
            id=ids.part("remove", self.page, path=item.path, index=str(index)),
            className="icon-button",
            **{"aria-label": f"Remove {item.title.lower()} {index + 1}"},
        )
        head = html.Div([self._kinds(item, path, value), remove], className="plugin-head")
        return html.Div([head, controls.problem(self.page, path), self._group(item, path, value, whole)],
                        className="plugin", key=path)  # fmt: skip

    def cards(self, item: Field, values: Sequence[Values] | None, whole: Values) -> list[Component]:
        """All plug-ins of a list."""
        return [self.card(item, index, value, whole) for index, value in enumerate(values or ())]

    def _fields(self, values: Values) -> list[Field]:
        """Every field, but those inside a nested spec that is chosen as a whole."""
        offered = tuple(f"{path}." for path in self.offers())
        return [item for item in walk(self.spec, values) if not item.path.startswith(offered)]

    def _decoded(self, values: dict[str, Any]) -> dict[str, Any]:
        """Nested specs that were chosen from a list arrive as JSON text."""
        for path in self.offers():
            text = get(values, path)
            if isinstance(text, str) and text.startswith("{"):
                try:
                    put(values, path, json.loads(text))
                except ValueError:
                    raise SpecError([(path, "This choice cannot be read: choose again.")]) from None
        return values

    def _field(self, item: Field, value: Any, whole: Values, section: str) -> list[Row]:
        offer = self.offers().get(item.path)
        is_part = item.control in ("plugin", "plugins") or (item.control == "group" and offer is None)
        section = self.sections.get(item.path) or item.section or (item.title if is_part else section)
        if item.control == "group" and offer is None and item.spec is not None:
            shown = value if isinstance(value, Mapping) else {}
            return self.rows(item.spec, shown, item.path, whole, section)
        if item.control == "plugin":
            kinds = self._kinds(item, item.path, value)
            title = item.title if _is_inner(item) else "Type"
            default = item.default.get("kind", "") if isinstance(item.default, Mapping) else ""
            place = ids.choice(self.page, item.path)
            kind = controls.labelled_row(self.page, title, place, kinds, item.path, default)
            parts = [kind, *_failed(item), self._group(item, item.path, value, whole)]
            return [(section, part) for part in parts]
        if item.control == "plugins":
            return [(section, part) for part in self._list(item, value, whole)]
        if item.control == "group":
            value = compact(value) if value else ""
        wait = 0 if self.action else _TYPING
        options, value = offered(item, value) if item.stored else (offer(whole) if offer else None, value)
        value = self.shown_as[item.path](value) if item.path in self.shown_as else value
        blank = self.blanks[item.path](whole) if item.path in self.blanks else ""
        return [(section, controls.row(self.page, item, value, options, wait, _is_idle(item, whole), blank))]

    def _list_of(self, item: Field) -> Registry[Any] | None:
        """The searchable list that ``item`` is chosen from, if it is from that one."""
        is_searched = self.searched is not None and item.registry is not None
        return self.searched if is_searched and item.registry.group == self.searched.group else None

    def _values_of(self, item: Field, entry: str) -> Values:
        found = self._list_of(item)
        return found.values_of(entry) if found else {"kind": entry}

    def _leaves(self, entry: Any, path: str) -> dict[str, Any]:
        """What the choice ``entry`` at ``path`` puts where; the other registries have entries that are kinds alone."""
        chosen = self.searched.values_of(entry) if self.searched and isinstance(entry, str) else {"kind": entry}
        return leaves(chosen, path)

    def _kinds(self, item: Field, path: str, value: Any) -> Component:
        if found := self._list_of(item):
            entry = found.entry_of(value) if isinstance(value, Mapping) else ""
            return picker.button(ids.choice(self.page, path), found, entry, item.title)
        options = _kinds_of(item)
        chosen = value.get("kind") if isinstance(value, Mapping) else options[0]["value"] if options else None
        place = ids.choice(self.page, path)
        select = dbc.Select(id=place, options=options, value=chosen, className="select")
        name = html.Span(item.title, className="unseen")
        return html.Label([name, select], htmlFor=ids.dom_id(place), className="bare-label")

    def _group(self, item: Field, path: str, value: Any, whole: Values) -> Component:
        rows = self.group(item, path, value, whole)
        return html.Div(rows, id=ids.part("group", self.page, path=path), className="group")

    def group(self, item: Field, path: str, value: Any, whole: Values) -> list[Component]:
        """Controls of the plug-in chosen at ``path``, without headings but those of folded sections."""
        cls, found = class_of(item, value), self._list_of(item)
        decided = found.values_of(found.entry_of(value)).keys() - {"kind"} if found and value else ()
        rows = self.rows(cls, value, path, whole, "", decided) if cls else []
        return titled([(section if section in self.folded else "", control) for section, control in rows], self.folded)

    def _add(self, item: Field) -> Component:
        """The control that adds a plug-in to a list."""
        place = ids.part("add", self.page, path=item.path)
        if found := self._list_of(item):
            return picker.add_button(place, found, f"Add to {item.title.lower()}")
        text = picker.add_text(item.registry) if item.registry else "+ Add"
        return dbc.Select(id=place, options=_kinds_of(item), value="", placeholder=text, className="select add")

    def _list(self, item: Field, value: Any, whole: Values) -> list[Component]:
        add = self._add(item)
        listed = html.Div(self.cards(item, value, whole), id=ids.part("list", self.page, path=item.path))
        target = ids.dom_id(ids.part("add", self.page, path=item.path))
        label = html.Label(f"Add to {item.title.lower()}", htmlFor=target, className="visually-hidden")
        heading = html.Div([html.Span(item.title, className="f-label"), *controls.note(item)], className="f-name")
        caption = [html.Div(heading, className="f caption")] if _is_inner(item) else []
        add_row = html.Div([label, add], className="add-row")
        return [*caption, listed, controls.problem(self.page, item.path), add_row, *_failed(item)]


def _at_controls(error: SpecError, shown: Sequence[Field]) -> SpecError:
    """``error`` with what is wrong with one of several numbers at the control that they are typed into."""
    typed = [item.path for item in shown if item.control == "numbers"]
    if not typed:
        return error
    return SpecError(
        [(next((path for path in typed if at.startswith(f"{path}.")), at), text) for at, text in error.problems]
    )


def _kinds_of(item: Field) -> list[dict[str, Any]]:
    """The plug-ins that can be chosen for ``item``, as Dash's options; those that lack a package cannot."""
    if item.registry is None:
        return []
    lacking, known = item.registry.lacking(), item.registry.available()
    return [
        {"value": info.name, "label": f"{info.title} (not installed)", "disabled": True}
        if info.name in lacking
        else {"value": info.name, "label": info.title}
        for info in item.registry.infos()
        if info.name not in item.without and not (item.single and known[info.name].composite)
    ]


def _is_idle(item: Field, whole: Values) -> bool:
    """Whether ``item`` means nothing beside the other values of the form."""
    return any(get(whole, path) not in values for path, values in item.when)


def _failed(item: Field) -> list[Component]:
    """What the list of plug-ins lacks, and why."""
    problems = item.registry.problems() if item.registry else ()
    return [html.Div(problem, className="f-failed") for problem in problems]


def _is_inner(item: Field) -> bool:
    """Whether ``item`` is part of another plug-in or group, where no heading of a section names it."""
    return "." in item.path


def _missing(item: Field) -> str:
    return f"{item.title} is missing: {'choose one' if item.choices else 'enter a value'}."
