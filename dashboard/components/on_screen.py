"""How a series is looked at: controls that are no part of the request."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

SPANS = {"91": "3M", "365": "1Y", "1826": "5Y", "all": "All"}
SCALES = {"linear": "Linear", "log": "Log"}


def section(symbol: str, symbol_row: str, span: str, scale: str) -> list[Component]:
    """The choices of a chart, under these ids. The symbol's row is shown where there are several."""
    picker = dbc.Select(id=symbol, options=[], className="select")
    return [
        html.H2("On screen"),
        html.Div(_row("Symbol", picker, symbol), id=symbol_row, hidden=True),
        _row("Range", _segments(span, SPANS, "all")),
        _row("Scale", _segments(scale, SCALES, "log")),
    ]


def _row(title: str, control: Component, labelled: str = "") -> Component:
    """A control that is no field of the spec, in the form's own look."""
    name = html.Label(title, htmlFor=labelled, className="f-label")
    if not labelled:
        name = html.Span(title, className="f-label")
    group = {} if labelled else {"role": "radiogroup", "aria-label": title}
    parts = [html.Div(name, className="f-name"), html.Div(control, className="f-control", **group)]
    return html.Div(parts, className="f")


def _segments(id: str, options: dict[str, str], value: str) -> Component:
    items = [{"value": key, "label": text} for key, text in options.items()]
    return dbc.RadioItems(id=id, name=id, options=items, value=value, className="seg")
