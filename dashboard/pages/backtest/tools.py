"""Items of the page's export menu: the run or the walk-forward on screen as a file."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs, shell
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.tab import OPEN, RESULT_ID
from dashboard.pages.backtest.tabs.walkforward import RESULT_ID as WALK_ID
from dashboard.tear_sheet import file_name, tear_sheet, walk_sheet
from dashboard.text.notebook import notebook
from engine.backtest.spec import BacktestSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.research.evidence import verdict


def layout() -> list[Component]:
    """The items, and what hands their files to the browser."""
    title = "Download this run, or the walk-forward on screen, as one self-contained HTML file"
    sheet = html.Button("Tear sheet", id=ids.SHEET, className="menu-item", type="button", title=title)
    prints = html.Button("PDF", id=ids.PRINT, className="menu-item", type="button",
                         title="Print the tear sheet, or save it as PDF, by the browser's own dialogue")  # fmt: skip
    repeats = html.Button("Notebook", id=ids.NOTEBOOK, className="menu-item", type="button",
                           title="Download this run as a Jupyter notebook that repeats it")  # fmt: skip
    stores = [dcc.Download(id=ids.SHEET_FILE), dcc.Download(id=ids.NOTEBOOK_FILE), dcc.Store(id=ids.PRINTED)]
    return [repeats, sheet, prints, *stores]


@callback(
    Output(ids.NOTEBOOK_FILE, "data"),
    Input(ids.NOTEBOOK, "n_clicks"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def save_notebook(clicks: int | None, run: runs.ResultData) -> dict[str, Any]:
    if not run or "spec" not in run:
        shell.toast("No backtest on the page yet: run one first.", tone="warn")
        raise PreventUpdate
    spec, _ = runs.opened(run, BacktestSpec)
    name = file_name(spec, run["key"], "ipynb")
    return {
        "content": notebook(spec, run["key"]), "filename": name, "type": "application/x-ipynb+json", "base64": False,
    }  # fmt: skip


@callback(
    Output(ids.SHEET_FILE, "data"),
    Input(ids.SHEET, "n_clicks"),
    State(RESULT_ID, "data"),
    State(WALK_ID, "data"),
    State(OPEN.component_id, OPEN.component_property),
    prevent_initial_call=True,
)
def save_sheet(clicks: int | None, run: runs.ResultData, walk: runs.ResultData, tab: str) -> dict[str, Any]:
    spec, text, key = on_page(run, walk, tab)
    return {"content": text, "filename": file_name(spec, key, "html"), "type": "text/html", "base64": False}


@callback(
    Output(ids.PRINTED, "data"),
    Input(ids.PRINT, "n_clicks"),
    State(RESULT_ID, "data"),
    State(WALK_ID, "data"),
    State(OPEN.component_id, OPEN.component_property),
    prevent_initial_call=True,
)
def print_sheet(clicks: int | None, run: runs.ResultData, walk: runs.ResultData, tab: str) -> dict[str, Any]:
    """The sheet for the browser to print; ``at`` tells one click from the next."""
    spec, text, key = on_page(run, walk, tab)
    return {"content": text, "title": file_name(spec, key, "pdf"), "at": clicks}


clientside_callback(
    ClientsideFunction("stratoscope", "printed"),
    Input(ids.PRINTED, "data"),
    prevent_initial_call=True,
)


def on_page(run: runs.ResultData, walk: runs.ResultData, tab: str) -> tuple[Any, str, str]:
    """(spec, tear sheet, key) of what the tab ``tab`` shows."""
    data = walk if tab == "walkforward" else run
    if not data or "spec" not in data:
        noun = "walk-forward" if tab == "walkforward" else "backtest"
        shell.toast(f"No {noun} on the page yet: run one first.", tone="warn")
        raise PreventUpdate
    spec, result = runs.opened(data, WalkForwardSpec if tab == "walkforward" else BacktestSpec)
    return spec, sheet(spec, result, data["key"]), data["key"]


def sheet(spec: Any, result: Any, key: str) -> str:
    """The tear sheet of a backtest or of a walk-forward."""
    if isinstance(spec, WalkForwardSpec):
        return walk_sheet(spec, result, key)
    return tear_sheet(spec, result, key, verdict(spec, result))
