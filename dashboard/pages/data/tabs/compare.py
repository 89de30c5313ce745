"""The tab that compares the symbols of the request: growth rebased to 100, and summary statistics."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from dash import Input, Output, State, callback, dcc, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard.charts import rebased
from dashboard.components import card, graph, states, table
from dashboard.components.graph import ids_sub
from dashboard.pages.data import ids
from dashboard.pages.data.choices import asked, choice_id, chosen, control
from dashboard.pages.data.form import SEEN
from dashboard.pages.data.tab import Tab, Viewed, opened, seen, seen_id
from dashboard.text.format import count
from engine.backtest.metrics import METRICS
from engine.core.errors import EngineError
from engine.market.bars import Market
from engine.research.price_summary import SKEWNESS
from engine.research.series.statistics import DEFINITIONS, SeriesStatistics, statistics

MOST_LINES = 30
_METRICS = ("cagr", "volatility", "sharpe", "sortino", "max_drawdown")
COLUMNS = [
    table.Column("symbol", "Symbol", width=96, pinned=True),
    table.Column("total_return", "Return", "signed_percent", help="Last close over the first, minus one."),
    table.Column("cagr", "CAGR", "signed_percent", help=METRICS["cagr"].definition),
    table.Column("volatility", "Volatility", "percent", help=METRICS["volatility"].definition),
    table.Column("sharpe", "Sharpe", "number", 2, help=METRICS["sharpe"].definition),
    table.Column("sortino", "Sortino", "number", 2, help=METRICS["sortino"].definition),
    table.Column("max_drawdown", "Max drawdown", "signed_percent", help=METRICS["max_drawdown"].definition),
    table.Column("skewness", "Skew", "number", 2, help=SKEWNESS),
    table.Column("kurtosis", "Kurtosis", "number", 2, help=DEFINITIONS["kurtosis"]),
    table.Column("value_at_risk", "VaR 95%", "signed_percent", help=DEFINITIONS["value_at_risk"]),
    table.Column("shortfall", "CVaR 95%", "signed_percent", help=DEFINITIONS["shortfall"]),
    table.Column("best", "Best bar", "signed_percent"),
    table.Column("worst", "Worst bar", "signed_percent"),
    table.Column("autocorrelation", "Autocorr.", "number", 3, help=DEFINITIONS["autocorrelation"]),
    table.Column("first", "First", "day"),
    table.Column("last", "Last", "day"),
    table.Column("bars", "Bars", "number"),
    table.Column("missing", "Missing", "number", help=DEFINITIONS["missing"]),
]
_TALLEST = 620


def layout() -> Sequence[Component]:
    file = html.Button("All as CSV", id=ids.COMPARE_CSV, type="button", className="link-button")
    grid = table.table(ids.COMPARE_TABLE, COLUMNS, height=table.height_of(2))
    return [
        graph.graph(ids.COMPARE, height=420, title="Growth", sub="rebased to 100 at the first common bar"),
        card.card("Statistics", [grid, dcc.Download(id=ids.COMPARE_FILE)], tools=[control("period"), file]),
    ]


TAB = Tab("compare", "Compare", layout)


@callback(
    Output(frame.figure(ids.COMPARE), "data"),
    Output(ids_sub(ids.COMPARE), "children"),
    seen(TAB.name),
    SEEN.inputs()["scale"],
)
def compare(viewed: Viewed, scale: str) -> tuple[Any, str]:
    market = opened(viewed)[1]
    if len(market.bars) == 1:
        return states.no_figure("Choose a second symbol to compare with this one."), ""
    try:
        info = rebased.compare_info(market.bars[:MOST_LINES], log=scale == "log")
    except EngineError as error:
        return states.no_figure(str(error)), ""
    part = f", the first {MOST_LINES} of {count(len(market.bars), 'symbol')}" if len(market.bars) > MOST_LINES else ""
    return rebased.compare_figure(info), f"rebased to 100 on {info.first}, the first common bar{part}"


@callback(
    Output(ids.COMPARE_TABLE, "rowData"),
    Output(ids.COMPARE_TABLE, "style"),
    seen(TAB.name),
    asked("period"),
)
def list_statistics(viewed: Viewed, period: str | None) -> tuple[Any, Any]:
    listed = rows(opened(viewed)[1], chosen("period", period))
    return listed, table.fitting(len(listed), _TALLEST)


@callback(
    Output(ids.COMPARE_FILE, "data"),
    Input(ids.COMPARE_CSV, "n_clicks"),
    State(seen_id(TAB.name), "data"),
    State(choice_id("period"), "value"),
    prevent_initial_call=True,
)
def save(clicks: int | None, viewed: Viewed, period: str | None) -> dict[str, Any]:
    """All statistics with all their digits, as a file."""
    text = written(rows(opened(viewed)[1], chosen("period", period)))
    return {"content": text, "filename": "stratoscope-statistics.csv", "type": "text/csv", "base64": False}


def rows(market: Market, period: str) -> list[dict[str, Any]]:
    """A row of statistics per symbol: over the days that all of them have, or each over its own."""
    return [_row(item) for item in statistics(market.bars, period == "common")]


def _row(item: SeriesStatistics) -> dict[str, Any]:
    found = {name: item.metrics.get(name) for name in ("total_return", *_METRICS)}
    return {column.field: found.get(column.field, getattr(item, column.field, None)) for column in COLUMNS}


def written(listed: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, [column.field for column in COLUMNS])
    writer.writeheader()
    writer.writerows(listed)
    return file.getvalue()
