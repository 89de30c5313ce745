"""Layout of the features page."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import card, graph, states, table, tabs
from dashboard.components.page_layout import page_layout
from dashboard.pages.features import ids, matrix
from dashboard.pages.features.form import FORM, SEEN

TABS = (("chart", "Chart"), ("matrix", "Matrix"), ("correlation", "Correlation"))
COLUMNS = [
    table.Column("name", "Feature", least=150),
    table.Column("last", "Last", "number", 4, width=84, help="Value at the last bar of the range."),
    table.Column("low", "Lowest", "number", 4, width=84),
    table.Column("median", "Median", "number", 4, width=84),
    table.Column("high", "Highest", "number", 4, width=84),
    table.Column("warm_up", "Warm-up", "number", width=88, help="Bars at the start without a value."),
    table.Column("known", "First value", width=104, help="First bar with a value."),
    table.Column("missing", "Gaps", "number", width=62, help="Bars without a value after the warm-up."),
    table.Column("causal", "Look-ahead", width=100, help="Tested by recomputing on shorter histories."),
]


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the default form."""
    note = html.Span(id=ids.TABLE_NOTE, className="sub")
    chart = [
        graph.graph(ids.CHART, height=460, title="Price and indicators", rescale=False),
        card.card("Values", table.table(ids.TABLE, COLUMNS), tools=[note]),
    ]
    correlation = graph.graph(ids.CORRELATION, height=440, title="Correlation", sub="Pearson, bars after the warm-up")
    return page_layout(
        FORM,
        query,
        title=tabs.tabs(ids.TABS, TABS),
        panel=[SEEN.problem(), *SEEN.controls()],
        results=[
            *SEEN.stores(),
            tabs.pane(ids.TABS, "chart", chart, first=True),
            *tabs.late_pane(ids.TABS, "matrix", matrix.contents),
            tabs.pane(ids.TABS, "correlation", [correlation]),
        ],
        empty=states.empty("No features yet", "Choose a symbol and at least one indicator.", symbol="features"),
    )


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return list(matrix.contents())
