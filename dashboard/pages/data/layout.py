"""Layout of the data page."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard import market_options
from dashboard.components import card, form, graph, metric, states, table, tabs
from dashboard.components.page_layout import page_layout
from dashboard.components.series_view import SeriesView
from dashboard.pages.data import download, ids
from dashboard.runs import studies
from engine.market import catalog
from engine.market.spec import MarketSpec

FORM = form.Form(
    page=ids.PAGE,
    spec=MarketSpec,
    options={
        "collection": market_options.collections,
        "symbols": market_options.symbols,
        "interval": market_options.intervals,
    },
    shown_as={"symbols": market_options.folded},
)
SEEN = SeriesView(ids.PAGE, ids.CHART)
TABS = {
    "chart": "Chart",
    "compare": "Compare",
    "quality": "Quality",
    "table": "Table",
    "provenance": "Provenance",
    "download": "Download",
}
COMPARE_COLUMNS = [
    table.Column("symbol", "Symbol"),
    table.Column("change", "Change", kind="signed_percent", help="Last close over the first common close, minus one."),
    table.Column("cagr", "CAGR", kind="signed_percent"),
    table.Column("volatility", "Volatility", kind="percent"),
    table.Column("sharpe", "Sharpe", kind="number", decimals=2),
    table.Column("max_drawdown", "Max drawdown", kind="signed_percent"),
    table.Column("skew", "Skew", kind="number", decimals=2),
]


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the usual form."""
    contents = {
        "chart": [graph.graph(ids.CHART, height=500, title="Price", rescale=False), metric.strip(ids.KPIS)],
        "compare": _compare(),
        "quality": [html.Div(id=ids.QUALITY)],
        "table": [_table()],
        "provenance": [html.Div(id=ids.PROVENANCE)],
    }
    asked = studies.opening(query, [download.STUDY])
    first = "" if asked.study else "chart"
    return page_layout(
        FORM,
        asked.query,
        title=tabs.tabs(ids.TABS, list(TABS.items()), studies.tab_of(asked.study)),
        panel=_chart_section(),
        results=[
            SEEN.store(),
            *(tabs.pane(ids.TABS, name, part, first=name == first) for name, part in contents.items()),
        ],
        studies=studies.pane(ids.TABS, download.STUDY, download.layout, asked),
        empty=states.empty("No series chosen", "Choose a collection and at least one symbol.", symbol="data"),
    )


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return studies.contents(download.STUDY, download.layout, studies.Opening(None))


def _chart_section() -> Sequence[Component]:
    """How to look at the series."""
    return [
        SEEN.problem(),
        *(html.Div(text, className="f-failed") for text in catalog.problems()),
        *SEEN.controls(),
    ]


def _compare() -> Sequence[Component]:
    return [
        graph.graph(ids.COMPARE, height=420, title="Growth", sub="rebased to 100 at the first common bar"),
        card.card("Comparison", table.table(ids.COMPARE_TABLE, COMPARE_COLUMNS), sub="over common days"),
    ]


def _table() -> Component:
    note = html.Span(id=ids.TABLE_NOTE, className="sub")
    return card.card("Bars", table.table(ids.TABLE, [], height=560), tools=[note])
