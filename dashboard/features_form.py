"""The form of a request that has features: a number of one may be a range, and a named set stands for all it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components import controls, form
from dashboard.components.fields import Field
from dashboard.text.format import count
from engine.core.errors import EngineError, SpecError
from engine.core.spec import Action, RunSpec
from engine.features import ranges
from engine.features.sets import versions
from engine.indicators.expressions.vocabulary import vocabulary

FEATURES, SET = "features", "set"
"""The field of the spec that holds them, and the control that names a set."""
HINT = "A number can be a range: 5..200 step 5, or 5, 10, 20."
FOLDED = 12
"""Features from which a permalink's set is shown by its name instead of a card each."""


class FeaturesForm(form.Form):
    """A form whose cards of features may have ranges (``engine.features.ranges``), and a named set after them. What a
    permalink lists one by one is shown as ranges and sets again.
    """

    def plain(self, spec: RunSpec | Action) -> dict[str, Any]:
        values, features = super().plain(spec), getattr(spec, FEATURES, None)
        if features is None:  # a request of another page, which a forger has put here
            return values
        reference, size = _set_at_end(tuple(features))
        cards = ranges.compact(values[FEATURES][: len(values[FEATURES]) - size])
        return {**values, FEATURES: [*cards, *([{SET: reference}] if reference else [])]}

    def unfolded(self, spec: RunSpec | Action) -> dict[str, Any]:
        """Plain values that show every feature of ``spec`` in a card, but for those of a range, which share one."""
        values = super().plain(spec)
        return {**values, FEATURES: ranges.compact(values[FEATURES])}

    def collect(self, ids_: Sequence[Mapping[str, str]], inputs: Sequence[Any]) -> dict[str, Any]:
        values = super().collect(ids_, inputs)
        chosen = next((value for id_, value in zip(ids_, inputs, strict=True) if id_["path"] == SET), "")
        return {**values, FEATURES: [*values[FEATURES], {SET: str(chosen)}]} if chosen else values

    def parse(self, values: Mapping[str, Any]) -> RunSpec | Action:
        entries = values.get(FEATURES) or ()
        if wrong := ranges.problems(entries):
            raise SpecError([(f"{FEATURES}.{place}", text) for place, text in wrong])
        try:
            return super().parse(values)
        except SpecError as error:
            raise _at_cards(error, entries) from None

    def cards(
        self, item: Field, values: Sequence[Mapping[str, Any]] | None, whole: Mapping[str, Any]
    ) -> list[Component]:
        return super().cards(item, [value for value in values or () if SET not in value], whole)

    def _list(self, item: Field, value: Any, whole: Mapping[str, Any]) -> list[Component]:
        listed = super()._list(item, value, whole)
        if item.path != FEATURES:
            return listed
        chosen = next((str(entry[SET]) for entry in value or () if SET in entry), "")
        place = ids.field(self.page, SET)
        select = dbc.Select(id=place, options=set_options(chosen), value=chosen, placeholder="none", className="select")
        return [
            controls.labelled_row(self.page, "Set", place, select, SET),
            *listed,
            html.Div(HINT, className="hint"),
            _words(),
        ]


def _words() -> Component:
    """What a formula may be completed by (``assets/32_formula.js``)."""
    return html.Div(hidden=True, **{"data-words": json.dumps(vocabulary())})


def set_options(chosen: str = "") -> list[dict[str, str]]:
    """The newest version of each set, and the one that is ``chosen``, for a select."""
    try:
        known = {item.reference: item.count for item in versions.every()}
        if chosen and chosen not in known:
            known[chosen] = versions.find(chosen).count
    except EngineError as error:
        return [{"value": "", "label": str(error)}]
    none = {"value": "", "label": "none"}
    return [none, *({"value": name, "label": f"{name} ({count(size, 'feature')})"} for name, size in known.items())]


def _set_at_end(features: tuple[Any, ...]) -> tuple[str, int]:
    """The largest set whose features are the last ones, and how many these are; "" and 0 where there is none."""
    found = [
        (item.count, item.reference)
        for item in versions.every()
        if FOLDED <= item.count <= len(features) and versions.as_json(features[-item.count :]) == item.plain
    ]
    size, reference = max(found, default=(0, ""))
    return reference, size


def _at_cards(error: SpecError, entries: Any) -> SpecError:
    """``error`` with what is wrong with one of the features that a card stands for at that card: the first of them
    where each value of a range is wrong.
    """
    cards = [card for card, size in enumerate(ranges.counts(entries)) for _ in range(size)]

    def place(path: str) -> str:
        first, _, rest = path.partition(".")
        number, dot, name = rest.partition(".")
        if first != FEATURES or not number.isdigit() or int(number) >= len(cards):
            return path
        return f"{FEATURES}.{cards[int(number)]}{dot}{name}"

    first: dict[str, str] = {}
    for path, text in error.problems:
        first.setdefault(place(path), text)
    return SpecError(list(first.items()))
