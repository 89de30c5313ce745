"""What the backtest page does."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import market_options, runs, shell
from dashboard.charts import equity
from dashboard.components import metric
from dashboard.format import day_range
from dashboard.pages.backtest import ids, view
from dashboard.pages.backtest.layout import FORM
from engine.backtest.result import BacktestResult

runs.wire(FORM)
market_options.follow_collection(FORM)

MOST_COMPARED, LATEST = 4, 8


RESULT = frame.result("backtest")
TAB = Input({"role": "tabs", "group": ids.TABS}, "active_tab")


@callback(
    Output(ids.KPIS, "children"),
    Output(ids.VERDICT, "children"),
    Output(ids.LATEST, "rowData"),
    Output(frame.figure(ids.EQUITY), "data"),
    Input(RESULT, "data"),
    State(ids.SCALE, "n_clicks"),
)
def draw(data: runs.ResultData, clicks: int | None) -> tuple[Any, ...]:
    """All that is in sight when a result arrives, in one answer: each further one would cost a round trip."""
    spec, result = runs.opened(data)
    show_context(data, spec, result)
    rows = view.trade_rows(result, LATEST)
    figure = equity.figure(equity.info([result], log=is_log(clicks)))
    return metric.cells(view.kpis(result)), verdict(result), rows, figure


@callback(
    Output(frame.figure(ids.EQUITY), "data", allow_duplicate=True),
    Output(ids.SCALE, "children"),
    Input(ids.SCALE, "n_clicks"),
    State(RESULT, "data"),
    prevent_initial_call=True,
)
def rescale(clicks: int | None, data: runs.ResultData) -> tuple[Any, str]:
    _, result = runs.opened(data)
    figure = equity.figure(equity.info([result], log=is_log(clicks)))
    return figure, "log" if is_log(clicks) else "linear"


@callback(Output(ids.TRADES, "rowData"), Input(RESULT, "data"), TAB)
def list_trades(data: runs.ResultData, tab: str) -> list[dict[str, Any]]:
    _, result = opened_on("trades", data, tab)
    return view.trade_rows(result)


@callback(
    Output(frame.figure(ids.OVERLAY), "data"),
    Output(ids.METRICS, "children"),
    Input(RESULT, "data"),
    Input(ids.COMPARE, "value"),
    TAB,
)
def overlay(data: runs.ResultData, others: list[str] | None, tab: str) -> tuple[Any, Any]:
    _, result = opened_on("compare", data, tab)
    compared = [result, *stored_runs(others or [])]
    return equity.figure(equity.info(compared)), view.comparison(compared)


@callback(
    Output(ids.COMPARE, "options"),
    Output(ids.COMPARE, "value"),
    Input(RESULT, "data"),
    TAB,
    State(ids.COMPARE, "value"),
)
def offer(data: runs.ResultData, tab: str, chosen: list[str] | None) -> tuple[list[dict[str, str]], list[str]]:
    """Every finished backtest but the one on the page, each spec once."""
    from engine.runner import recent_runs

    spec, _ = opened_on("compare", data, tab)
    newest = {other: key for key, other in reversed(recent_runs("backtest")) if other != spec}
    options = [{"value": key, "label": f"{other.label()}  {runs.short({'key': key})}"} for other, key in newest.items()]
    return options[::-1], [key for key in chosen or [] if key in newest.values()]


def opened_on(wanted: str, data: runs.ResultData, tab: str) -> tuple[Any, BacktestResult]:
    """What ``runs.opened`` returns, once the tab that shows it is in sight; else ``PreventUpdate``."""
    if tab != wanted:
        raise PreventUpdate
    return runs.opened(data)


def is_log(clicks: int | None) -> bool:
    """Whether the equity's scale is logarithmic, as it is at first and after every second click."""
    return not (clicks or 0) % 2


def stored_runs(keys: list[str]) -> list[BacktestResult]:
    """The results of earlier runs; keys that are unknown here are passed over."""
    from engine.runner import find_run, store

    known = [key for key in keys[:MOST_COMPARED] if find_run(key) is not None]
    found = [store().read(key, BacktestResult) for key in known]
    return [result for result in found if result is not None]


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
