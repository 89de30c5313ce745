"""Tools right of the tabs: the run or the walk-forward on screen as a file."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs, shell
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import OPEN, RESULT_ID
from dashboard.pages.backtest.tabs.walkforward import RESULT_ID as WALK_ID
from dashboard.tear_sheet import file_name, tear_sheet, walk_sheet
from engine.backtest.spec import BacktestSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.research.evidence import verdict


def layout() -> list[Component]:
    """The tools, and what hands their files to the browser."""
    title = "Download this run, or the walk-forward on screen, as one self-contained HTML file"
    sheet = html.Button("Tear sheet", id=ids.SHEET, className="link-button", type="button", title=title)
    return [sheet, dcc.Download(id=ids.SHEET_FILE)]


@callback(
    Output(ids.SHEET_FILE, "data"),
    Input(ids.SHEET, "n_clicks"),
    State(RESULT_ID, "data"),
    State(WALK_ID, "data"),
    State(OPEN.component_id, OPEN.component_property),
    prevent_initial_call=True,
)
def save_sheet(clicks: int | None, run: runs.ResultData, walk: runs.ResultData, tab: str) -> dict[str, Any]:
    data = walk if tab == "walkforward" else run
    if not data or "spec" not in data:
        noun = "walk-forward" if tab == "walkforward" else "backtest"
        shell.toast(f"No {noun} on the page yet: run one first.", tone="warn")
        raise PreventUpdate
    spec, result = runs.opened(data, WalkForwardSpec if tab == "walkforward" else BacktestSpec)
    name = file_name(spec, data["key"], "html")
    return {"content": sheet(spec, result, data["key"]), "filename": name, "type": "text/html", "base64": False}


def sheet(spec: Any, result: Any, key: str) -> str:
    """The tear sheet of a backtest or of a walk-forward."""
    if isinstance(spec, WalkForwardSpec):
        return walk_sheet(spec, result, key)
    return tear_sheet(spec, result, key, verdict(spec, result))
