"""Layout of the features page."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.charts.features import CORRELATED
from dashboard.components import card, graph, states, table, tabs
from dashboard.components.page_layout import page_layout
from dashboard.components.store import store
from dashboard.pages.features import ids, leak_test, matrix, sets, statistics
from dashboard.pages.features.form import FORM, SEEN

TABS = (
    ("chart", "Chart"),
    ("matrix", "Matrix"),
    ("statistics", "Statistics"),
    ("correlation", "Correlation"),
    ("sets", "Sets"),
)
COLUMNS = [
    table.Column("name", "Feature", least=150),
    table.Column("last", "Last", "number", 4, width=100, help="Value at the last bar of the range."),
    table.Column("low", "Lowest", "number", 4, width=100),
    table.Column("median", "Median", "number", 4, width=100),
    table.Column("high", "Highest", "number", 4, width=100),
    table.Column("warm_up", "Warm-up", "number", width=88, help="Bars at the start without a value."),
    table.Column("known", "First value", width=104, help="First bar with a value."),
    table.Column("missing", "Gaps", "number", width=62, help="Bars without a value after the warm-up."),
    table.Column("verdict", "Leak test", least=110, help="Computed again on shortened and on changed histories: what "
                 "uses later bars changes. A warm-up is unstable where values after it depend on the first bar."),
]  # fmt: skip


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the default form."""
    note = html.Span(id=ids.TABLE_NOTE, className="sub")
    chart = [
        graph.graph(ids.CHART, height=460, title="Price and indicators", rescale=False),
        card.card("Values", table.table(ids.TABLE, COLUMNS, height=table.height_of(2)), tools=[note]),
        html.Div(id=ids.PROOF),
    ]
    correlation = graph.graph(
        ids.CORRELATION,
        height=440,
        title="Correlation",
        sub=f"Spearman, symbol on the chart, bars after the warm-up, up to {CORRELATED} columns",
    )
    return page_layout(
        FORM,
        query,
        title=tabs.tabs(ids.TABS, TABS),
        tools=[html.Span(id=ids.HANDOVER)],
        panel=[SEEN.problem(), *SEEN.controls()],
        results=[
            *SEEN.stores(),
            *leak_test.JOB.stores(),
            store(ids.VERDICTS),
            tabs.pane(ids.TABS, "chart", chart, first=True),
            *tabs.late_pane(ids.TABS, "matrix", matrix.contents),
            *tabs.late_pane(ids.TABS, "statistics", statistics.contents),
            tabs.pane(ids.TABS, "correlation", [correlation]),
            *tabs.late_pane(ids.TABS, "sets", sets.contents),
        ],
        empty=states.empty("No features yet", "Choose a symbol and at least one indicator.", symbol="features"),
    )


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return [*matrix.contents(), *statistics.contents(), *sets.contents()]
