"""The sections of a control panel: a heading each, or a fold that opens where something in it was changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any

from dash import html
from dash.development.base_component import Component

Row = tuple[str, Component]
"""Name of the section, and the control."""


def titled(rows: Sequence[Row], folded: Collection[str] = ()) -> list[Component]:
    """The controls under the titles of their sections; rows without a section stand by themselves."""
    children: list[Component] = []
    for section, part in groupby(rows, key=lambda row: row[0]):
        controls = [control for _, control in part]
        if section in folded:
            children.append(_fold(section, controls))
        else:
            children += [html.H2(section), *controls] if section else controls
    return children


def changed(controls: Sequence[Component]) -> int:
    """How many of ``controls`` that are in sight show something else than what they usually do (``data-default``)."""
    shown = [item for item in controls if not getattr(item, "hidden", False)]
    marked = [item for item in _descendants(shown) if hasattr(item, "data-default")]
    return sum(_text(item) != getattr(item, "data-default") for item in marked)


def _fold(title: str, controls: Sequence[Component]) -> Component:
    number = changed(controls)
    summary = html.Summary(title, className="fold-title", **{"data-changed": f"{number} changed" if number else ""})
    return html.Details([summary, html.Div(list(controls))], className="fold", open=bool(number))


def _text(place: Component) -> str:
    """What the control inside ``place`` says."""
    value = next((item.value for item in _descendants([place]) if hasattr(item, "value")), None)
    return "" if value is None else str(value)


def _descendants(components: Any) -> Iterator[Component]:
    for item in components if isinstance(components, list | tuple) else [components]:
        if isinstance(item, Component):
            yield item
            inner = getattr(item, "children", None)
            yield from _descendants([] if inner is None else inner)
