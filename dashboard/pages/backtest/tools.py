"""What stands right of the tabs: the run on the page as a file."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs, shell
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import RESULT_ID


def layout() -> list[Component]:
    """The tools, and what hands their files to the browser."""
    title = "One HTML file of this run that needs nothing else"
    sheet = html.Button("Tear sheet", id=ids.SHEET, className="link-button", type="button", title=title)
    return [sheet, dcc.Download(id=ids.SHEET_FILE)]


@callback(
    Output(ids.SHEET_FILE, "data"),
    Input(ids.SHEET, "n_clicks"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def save_sheet(clicks: int | None, data: runs.ResultData) -> dict[str, Any]:
    from dashboard.tear_sheet import file_name, tear_sheet
    from engine.verdicts import verdict

    if not data or "spec" not in data:
        shell.toast("There is no run on the page: run a backtest first.", tone="warn")
        raise PreventUpdate
    spec, result = runs.opened(data)
    text = tear_sheet(spec, result, data["key"], verdict(spec, result))
    return {"content": text, "filename": file_name(spec, data["key"], "html"), "type": "text/html", "base64": False}
