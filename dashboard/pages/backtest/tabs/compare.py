"""The tab that overlays saved runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Input, Output, State, callback, dcc, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import equity
from dashboard.components import card, graph
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import OPEN, RESULT, Tab, opened_on
from dashboard.pages.backtest.view import figure_text
from engine.backtest.metrics import METRICS
from engine.backtest.result import BacktestResult

MOST_COMPARED = 4


def layout() -> list[Component]:
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


TAB = Tab("compare", "Compare", layout)


@callback(
    Output(frame.figure(ids.OVERLAY), "data"),
    Output(ids.METRICS, "children"),
    RESULT,
    Input(ids.COMPARE, "value"),
    OPEN,
)
def overlay(data: runs.ResultData, others: list[str] | None, tab: str) -> tuple[Any, Any]:
    _, result = opened_on("compare", data, tab)
    compared = [result, *stored_runs(others or [])]
    return equity.figure(equity.info(compared)), comparison(compared)


@callback(
    Output(ids.COMPARE, "options"),
    Output(ids.COMPARE, "value"),
    RESULT,
    OPEN,
    State(ids.COMPARE, "value"),
)
def offer(data: runs.ResultData, tab: str, chosen: list[str] | None) -> tuple[list[dict[str, str]], list[str]]:
    """Every finished backtest but the one on the page, each spec once."""
    from engine.runner import recent_runs

    spec, _ = opened_on("compare", data, tab)
    newest = {other: key for key, other in reversed(recent_runs("backtest")) if other != spec}
    options = [{"value": key, "label": f"{other.label()}  {runs.short({'key': key})}"} for other, key in newest.items()]
    return options[::-1], [key for key in chosen or [] if key in newest.values()]


def stored_runs(keys: list[str]) -> list[BacktestResult]:
    """The results of earlier runs; keys that are unknown here are passed over."""
    from engine.runner import find_run, store

    known = [key for key in keys[:MOST_COMPARED] if find_run(key) is not None]
    found = [store().read(key, BacktestResult) for key in known]
    return [result for result in found if result is not None]


def comparison(results: Sequence[BacktestResult]) -> Component:
    """Every metric of every run side by side, with holding the first run's symbols last."""
    first = results[0]
    columns = [(item.label, item.metrics) for item in results] + [("Buy and hold", first.benchmark_metrics)]
    head = html.Tr([html.Th("Figure"), *(html.Th(label) for label, _ in columns)])
    body = [
        html.Tr(
            [
                html.Td(METRICS[name].title, title=METRICS[name].definition),
                *(html.Td(figure_text(name, figures[name]) if name in figures else "") for _, figures in columns),
            ]
        )
        for name in METRICS
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures"), className="scroll-x")
