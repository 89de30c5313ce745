"""The tab that compares the symbols of the request, rebased to 100."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Output, callback
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard.charts import rebased
from dashboard.components import card, graph, states, table
from dashboard.pages.data import ids
from dashboard.pages.data.form import SEEN
from dashboard.pages.data.tab import Looked, Tab, opened, seen
from engine.market.bars import Bars
from engine.research.price_summary import common_period, summarise

COLUMNS = [
    table.Column("symbol", "Symbol"),
    table.Column("change", "Change", kind="signed_percent", help="Last close over the first common close, minus one."),
    table.Column("cagr", "CAGR", kind="signed_percent"),
    table.Column("volatility", "Volatility", kind="percent"),
    table.Column("sharpe", "Sharpe", kind="number", decimals=2),
    table.Column("max_drawdown", "Max drawdown", kind="signed_percent"),
    table.Column("skew", "Skew", kind="number", decimals=2),
]


def layout() -> Sequence[Component]:
    return [
        graph.graph(ids.COMPARE, height=420, title="Growth", sub="rebased to 100 at the first common bar"),
        card.card("Comparison", table.table(ids.COMPARE_TABLE, COLUMNS), sub="over common days"),
    ]


TAB = Tab("compare", "Compare", layout)


@callback(
    Output(frame.figure(ids.COMPARE), "data"),
    Output(ids.COMPARE_TABLE, "rowData"),
    seen(TAB.name),
    SEEN.inputs()["scale"],
)
def compare(looked: Looked, scale: str) -> tuple[Any, Any]:
    _, market = opened(looked)
    listed = rows(market.bars)
    if len(market.bars) == 1:
        return states.no_figure("Choose a second symbol to compare with this one."), listed
    return rebased.compare_figure(rebased.compare_info(market.bars, log=scale == "log")), listed


def rows(market: tuple[Bars, ...]) -> list[dict[str, Any]]:
    """A row of metrics per symbol, over the days that all of them have."""
    found = []
    for bars in common_period(market):
        summary = summarise(bars)
        names = ("cagr", "volatility", "sharpe", "max_drawdown")
        metrics = {name: summary.metrics.get(name) for name in names}
        change = summary.metrics.get("total_return")
        found.append({"symbol": bars.series.symbol, "change": change, "skew": summary.skewness} | metrics)
    return found
