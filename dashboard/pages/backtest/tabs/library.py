"""The tab of saved backtests, and the way from there to the comparison."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import shell
from dashboard.components import table
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.comparison import MAXIMUM_RUNS
from dashboard.pages.backtest.saved import row
from dashboard.pages.backtest.tab import Tab, seen
from dashboard.runs.saved_runs import SavedRuns, in_shelf, keys_of
from dashboard.security.payloads import Rows
from engine.backtest.spec import BacktestSpec


def _compare() -> list[Component]:
    return [in_shelf("Compare", ids.COMPARE_TICKED, "Compare the selected runs", "saved")]


RUNS = SavedRuns(
    page="backtest",
    spec=BacktestSpec,
    noun="backtest",
    columns=(
        table.Column("label", "Backtest", least=216),
        table.Column("cagr", "CAGR", "signed_percent", 2, width=82),
        table.Column("sharpe", "Sharpe", "number", 2, width=64),
        table.Column("max_drawdown", "Drawdown", "signed_percent", 2, width=84),
        table.Column("trades", "Trades", "number", width=62),
    ),
    rows=lambda found, changes: [row(item, changes.get(item.key, "")) for item in found],
    search="Search name, symbol, strategy, tag, note",
    actions=_compare,
)
TAB = Tab("library", "Library", RUNS.layout, free=True)
RUNS.wire(seen("library"))


@callback(Output(ids.COMPARE_TICKED, "disabled"), Input(ids.LIBRARY, "selectedRows"), Input(ids.SHELF, "value"))
def enable(chosen: Rows, shelf: str | None) -> bool:
    return not keys_of(chosen) or shelf == "bin"


@callback(
    Output(ids.CHOSEN, "data", allow_duplicate=True),
    Output({"role": "tabs", "group": ids.TABS}, "active_tab", allow_duplicate=True),
    Input(ids.COMPARE_TICKED, "n_clicks"),
    State(ids.LIBRARY, "selectedRows"),
    prevent_initial_call=True,
)
def compare_ticked(clicks: int | None, chosen: Any) -> tuple[list[str], str]:
    keys = keys_of(chosen)
    if not clicks or not keys:
        raise PreventUpdate
    if len(keys) > MAXIMUM_RUNS:
        words = f"At most {MAXIMUM_RUNS} runs are compared: the first {MAXIMUM_RUNS} of {len(keys)} are shown."
        shell.toast(words, tone="warn")
    return keys[:MAXIMUM_RUNS], "compare"
