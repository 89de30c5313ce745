"""What the backtest page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import card, form, graph, metric, page_layout, states, table, tabs
from dashboard.market_options import TRADEABLE_MARKET
from dashboard.pages.backtest import ids
from engine.backtest.spec import BacktestSpec
from engine.spec import canonical_json

TRADE_COLUMNS = [
    table.Column("symbol", "Symbol"),
    table.Column("entry", "In"),
    table.Column("exit", "Out"),
    table.Column("bars", "Bars", "number"),
    table.Column("entry_price", "Entry price", "number", 2, help="The fill, slippage included."),
    table.Column("exit_price", "Exit price", "number", 2, help="The fill, slippage included; the last close if open."),
    table.Column("pnl", "Profit", "number", 0, help="After commission and slippage of both sides."),
    table.Column("return", "Return", "signed_percent", 2, help="Profit over the value of the entry."),
]


def trained_models(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Models that have been trained, newest first, by the JSON text of their specs; before them one that is named by
    a permalink and has not been trained here.
    """
    from engine.runner import load_spec, recent_runs

    found = [spec for _, spec in recent_runs("model", limit=50)]
    chosen = (values.get("strategy") or {}).get("model")
    if isinstance(chosen, Mapping) and (named := load_spec(chosen)) not in found:
        found.insert(0, named)
    return [(canonical_json(spec), spec.label()) for spec in found]


FORM = form.Form(
    page="backtest",
    spec=BacktestSpec,
    action="Run backtest",
    options={**TRADEABLE_MARKET, "strategy.model": trained_models},
    initial={"strategy": {"kind": "sma_cross"}},
)


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the usual form."""
    names = [("performance", "Performance"), ("trades", "Trades"), ("compare", "Compare")]
    return page_layout(
        FORM,
        query,
        title=tabs.tabs(ids.TABS, names),
        results=[
            metric.strip(ids.KPIS),
            tabs.pane(ids.TABS, "performance", _performance(), first=True),
            tabs.pane(ids.TABS, "trades", _trades()),
            tabs.pane(ids.TABS, "compare", _compare()),
        ],
        empty=states.empty(
            "No backtest yet",
            "Choose symbols and a strategy, then press Run backtest. The sample data works offline.",
        ),
    )


def _performance() -> list[Component]:
    scale = html.Button("log", id=ids.SCALE, className="link-button", title="Switch between log and linear scale")
    equity = graph.graph(ids.EQUITY, height=430, title="Equity", sub="growth of 1, after costs", tools=[scale])
    verdict = card.card("Is it real?", html.Div(id=ids.VERDICT, className="verdict"))
    return [
        card.columns(equity, verdict),
        card.card(
            "Latest trades",
            table.table(ids.LATEST, TRADE_COLUMNS, empty="The strategy never traded in this range."),
            sub="prices with slippage",
        ),
    ]


def _trades() -> list[Component]:
    shown = table.table(ids.TRADES, TRADE_COLUMNS, height=560, empty="The strategy never traded in this range.")
    return [card.card("Trades", shown, sub="latest first, prices with slippage")]


def _compare() -> list[Component]:
    picker = dcc.Dropdown(
        id=ids.COMPARE,
        options=[],
        value=[],
        multi=True,
        placeholder="Add finished backtests",
        className="pick",
        closeOnSelect=False,
    )
    label = html.Label("Compare with", htmlFor=ids.COMPARE, className="f-label")
    return [
        html.Div([label, picker], className="compare-bar"),
        graph.graph(ids.OVERLAY, height=380, title="Equity", sub="growth of 1, after costs"),
        card.card("Figures", html.Div(id=ids.METRICS), sub="side by side; the definition shows on hover"),
    ]
