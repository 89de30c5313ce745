"""What the features page shows."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import card, form, graph, page_layout, states, table, tabs
from dashboard.market_options import MARKET
from dashboard.pages.features import ids
from engine.features.matrix import FeatureSpec

FORM = form.Form(page=ids.PAGE, spec=FeatureSpec, options=MARKET)
SPANS = {"91": "3M", "365": "1Y", "1826": "5Y", "all": "All"}
SCALES = {"linear": "Linear", "log": "Log"}
COLUMNS = [
    table.Column("name", "Feature"),
    table.Column("last", "Last", "number", 4, width=84, help="Value at the last bar of the range."),
    table.Column("low", "Lowest", "number", 4, width=84),
    table.Column("median", "Median", "number", 4, width=84),
    table.Column("high", "Highest", "number", 4, width=84),
    table.Column("warm_up", "Warm-up", "number", width=88, help="Bars at the start that have no value."),
    table.Column("known", "Known from", width=104, help="The first bar with a value."),
    table.Column("missing", "Gaps", "number", width=62, help="Bars without a value behind the warm-up."),
    table.Column("causal", "Look-ahead", width=100, help="Found by recomputing on shorter histories."),
]


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the usual form."""
    note = html.Span(id=ids.TABLE_NOTE, className="sub")
    chart = [
        graph.graph(ids.CHART, height=460, title="Price and indicators", rescale=False),
        card.card("Values", table.table(ids.TABLE, COLUMNS), tools=[note]),
    ]
    correlation = graph.graph(ids.CORRELATION, height=440, title="Correlation", sub="Pearson, bars behind the warm-up")
    return page_layout(
        FORM,
        query,
        title=tabs.tabs(ids.TABS, [("chart", "Chart"), ("correlation", "Correlation")]),
        panel=_chart_section(),
        results=[
            dcc.Store(id=ids.VIEW),
            tabs.pane(ids.TABS, "chart", chart, first=True),
            tabs.pane(ids.TABS, "correlation", [correlation]),
        ],
        empty=states.empty("No features yet", "Choose a symbol and at least one indicator.", symbol="features"),
    )


def _chart_section() -> Sequence[Component]:
    """How to look at the features: no part of the request. The symbol is there to choose where there are several."""
    picker = dbc.Select(id=ids.SYMBOL, options=[], className="select")
    return [
        html.Div(id=ids.PROBLEM, className="run-problem", role="alert"),
        html.H2("On screen"),
        html.Div(_row("Symbol", picker, ids.SYMBOL), id=ids.SYMBOL_ROW, hidden=True),
        _row("Range", _segments(ids.SPAN, SPANS, "all")),
        _row("Scale", _segments(ids.SCALE, SCALES, "log")),
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
