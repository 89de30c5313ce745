"""The form of a request that has features: a number of one may be a range that stands for many features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components import form
from dashboard.components.fields import Field
from engine.core.errors import SpecError
from engine.core.spec import Action, RunSpec
from engine.features import ranges

FEATURES = "features"
"""The field of the spec that holds them."""
HINT = "A number can be a range: 5..200 step 5, or 5, 10, 20."


class FeaturesForm(form.Form):
    """A form whose cards of features may have ranges (``engine.features.ranges``); those of a permalink, which lists
    every feature, are written as ranges again.
    """

    def start(self, query: str | None) -> tuple[dict[str, Any], RunSpec | Action | None, str]:
        values, spec, problem = super().start(query)
        return {**values, FEATURES: ranges.compact(values[FEATURES])}, spec, problem

    def parse(self, values: Mapping[str, Any]) -> RunSpec | Action:
        entries = values.get(FEATURES) or ()
        if wrong := ranges.problems(entries):
            raise SpecError([(f"{FEATURES}.{place}", text) for place, text in wrong])
        try:
            return super().parse(values)
        except SpecError as error:
            raise _at_cards(error, entries) from None

    def _list(self, item: Field, value: Any, whole: Mapping[str, Any]) -> list[Component]:
        listed = super()._list(item, value, whole)
        return [*listed, html.Div(HINT, className="hint")] if item.path == FEATURES else listed


def _at_cards(error: SpecError, entries: Any) -> SpecError:
    """``error`` with what is wrong with one of the features that a card stands for at that card."""
    cards = [card for card, count in enumerate(ranges.counts(entries)) for _ in range(count)]

    def place(path: str) -> str:
        first, _, rest = path.partition(".")
        number, dot, name = rest.partition(".")
        if first != FEATURES or not number.isdigit() or int(number) >= len(cards):
            return path
        return f"{FEATURES}.{cards[int(number)]}{dot}{name}"

    return SpecError([(place(path), text) for path, text in error.problems])
