"""The tab that comes first: key figures, equity, and whether it is real."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard import runs, shell
from dashboard.charts import equity
from dashboard.components import card, graph, metric, table
from dashboard.format import day_range
from dashboard.pages.backtest import ids, view
from dashboard.pages.backtest.tab import RESULT, RESULT_ID, Tab
from dashboard.pages.backtest.tabs.trades import COLUMNS, rows
from engine.backtest.result import BacktestResult

LATEST = 8


def layout() -> list[Component]:
    scale = html.Button("log", id=ids.SCALE, className="link-button", title="Switch between log and linear scale")
    curves = graph.graph(ids.EQUITY, height=430, title="Equity", sub="growth of 1, after costs", tools=[scale])
    judged = card.card("Is it real?", html.Div(id=ids.VERDICT, className="verdict"))
    return [
        card.columns(curves, judged),
        card.card(
            "Latest trades",
            table.table(ids.LATEST, COLUMNS, empty="The strategy never traded in this range."),
            sub="prices with slippage",
        ),
    ]


TAB = Tab("performance", "Performance", layout)


@callback(
    Output(ids.KPIS, "children"),
    Output(ids.VERDICT, "children"),
    Output(ids.LATEST, "rowData"),
    Output(frame.figure(ids.EQUITY), "data"),
    RESULT,
    State(ids.SCALE, "n_clicks"),
)
def draw(data: runs.ResultData, clicks: int | None) -> tuple[Any, ...]:
    """All that is in sight when a result arrives, in one answer: each further one would cost a round trip."""
    spec, result = runs.opened(data)
    show_context(data, spec, result)
    figure = equity.figure(equity.info([result], log=is_log(clicks)))
    return metric.cells(view.kpis(result)), verdict(result), rows(result, LATEST), figure


@callback(
    Output(frame.figure(ids.EQUITY), "data", allow_duplicate=True),
    Output(ids.SCALE, "children"),
    Input(ids.SCALE, "n_clicks"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def rescale(clicks: int | None, data: runs.ResultData) -> tuple[Any, str]:
    _, result = runs.opened(data)
    figure = equity.figure(equity.info([result], log=is_log(clicks)))
    return figure, "log" if is_log(clicks) else "linear"


def is_log(clicks: int | None) -> bool:
    """Whether the equity's scale is logarithmic, as it is at first and after every second click."""
    return not (clicks or 0) % 2


def verdict(result: BacktestResult) -> Any:
    """The panel "Is it real?", with the trials counted as of now."""
    from engine.research import ledger
    from engine.research.verdict import judge

    return view.verdict(judge(result, ledger.trials(result.family)), result.warnings)


def show_context(data: runs.ResultData, spec: Any, result: BacktestResult) -> None:
    """The header's line: what is on screen."""
    survivors = [shell.Chip("survivors only", tone="warn")] if any("Survivors" in w for w in result.warnings) else []
    shell.show_context(
        crumbs=[
            spec.strategy.label(),
            spec.market.label(),
            day_range(str(result.time[0]), str(result.time[-1])),
        ],
        chips=[shell.Chip("run", runs.short(data)), *survivors],
    )
