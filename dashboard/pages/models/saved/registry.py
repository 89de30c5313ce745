"""The tab of registered models: versions under names, their cards, files, and how they are asked for predictions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import service, shell
from dashboard.components import card, table
from dashboard.pages.models import ids
from dashboard.pages.models.saved import file_import, graph_export, promotion
from dashboard.pages.models.saved.card import card_view
from dashboard.pages.models.saved.rows import registered_rows
from dashboard.pages.models.saved.tab import seen
from dashboard.runs.saved_runs import ROW, SHELVES, keys_of
from dashboard.runs.tabs import Tab
from dashboard.security.payloads import Edit, Rows
from dashboard.text.format import count, minute, number
from engine.core.errors import DataError, EngineError
from engine.models.service import registered

COLUMNS = (
    table.Column("label", "Version", least=260),
    table.Column("name", "Name", least=120, help="Of all versions; click to edit."),
    table.Column("role", "In service", width=96, help="Champion or challenger of its name."),
    table.Column("run", "Run", width=96),
    table.Column("created", "Saved", "day", width=110),
    table.Column("bin", "", width=36),
)
NOTHING = "No registered models yet: select a trained model, give it a name and press Register."


def layout() -> list[Component]:
    shelf = dbc.RadioItems(
        id=ids.REGISTRY_SHELF, name=ids.REGISTRY_SHELF, value="saved", className="seg small",
        options=[{"value": value, "label": text} for value, text in SHELVES.items()],
    )  # fmt: skip
    bar = [
        shelf,
        html.Span(id=ids.REGISTRY_COUNT, className="hint"),
        *promotion.buttons(),
        html.Button("Export", id=ids.EXPORT, className="button", type="button", disabled=True,
                    title="Save the selected version as one file"),
        html.Button("Export ONNX", id=ids.EXPORT_GRAPH, className="button", type="button", disabled=True,
                    title="Write the selected version as a graph for other programs, compared with the model"),
        *file_import.button(),
        dcc.Download(id=ids.MODEL_FILE),
    ]  # fmt: skip
    undo = html.Button("Undo", id=ids.REGISTRY_UNDO, className="link-button strong", type="button")
    undo_bar = [html.Span(id=ids.REGISTRY_DELETED_TEXT), undo]
    return [
        dcc.Store(id=ids.REGISTRY_CHANGED, data=0),
        dcc.Store(id=ids.REGISTRY_DELETED, data=[]),
        html.Div(bar, className="library-bar"),
        html.Div(undo_bar, id=ids.REGISTRY_DELETED_BAR, className="undo-bar", hidden=True, role="status"),
        card.card(
            "Registered models", _grid(), sub="click a name to load its settings into the form, a row for its card"
        ),
        card.card("Predictions for other programs", html.Div(id=ids.SERVICE)),
        card.card("Model card", html.Div(id=ids.MODEL_CARD), sub="of the selected version"),
        graph_export.layout(),
    ]


def _grid() -> Component:
    grid: Any = table.table(
        ids.REGISTRY, COLUMNS, height=table.height_of(0, row=ROW), empty=NOTHING,
        options={"rowSelection": {"mode": "singleRow", "enableClickSelection": True, "checkboxes": False},
                 "rowHeight": ROW, "singleClickEdit": True, "stopEditingWhenCellsLoseFocus": True,
                 "enableCellTextSelection": False},
    )  # fmt: skip
    by_field = {column["field"]: column for column in grid.columnDefs}
    by_field["label"] |= {"cellRenderer": "StratoscopeRun", "tooltipField": "about"}
    by_field["created"] |= {"cellRenderer": "StratoscopeSaved", "tooltipField": "moment"}
    by_field["bin"] |= {"cellRenderer": "StratoscopeBin", "sortable": False, "resizable": False, "minWidth": 36}
    by_field["name"] |= {"editable": {"function": "!params.data.deleted"}, "cellClass": "typed"}
    grid.getRowId = "params.data.key"
    grid.className += " library"
    return grid


TAB = Tab("registry", "Registry", layout, free=True)


@callback(
    Output(ids.REGISTRY, "rowData"),
    Output(ids.REGISTRY, "style"),
    Output(ids.REGISTRY_COUNT, "children"),
    Output(ids.SERVICE, "children"),
    Input(ids.REGISTRY_SHELF, "value"),
    Input(ids.REGISTRY_CHANGED, "data"),
    seen(TAB.name),
)
def listing(shelf: str | None, changed: Any, _: Any) -> tuple[Any, ...]:
    rows = registered_rows(registered.every(in_bin=shelf == "bin"))
    height = min(table.height_of(len(rows), row=ROW), 420)
    return rows, {"height": height, "width": "100%"}, count(len(rows), "version"), served(service.summary())


@callback(
    Output(ids.MODEL_CARD, "children"),
    Output(ids.EXPORT, "disabled"),
    Output(ids.EXPORT_GRAPH, "disabled"),
    Input(ids.REGISTRY, "selectedRows"),
    Input(ids.REGISTRY, "rowData"),
)
def describe(chosen: Rows, listed: Rows) -> tuple[Any, bool, bool]:
    reference = _reference(chosen)
    if not reference or reference not in keys_of(listed):
        return html.P("Select a version above.", className="hint pad"), True, True
    try:
        item = _version(reference)
        gone = item.deleted is not None
        return card_view(registered.load(item).card), gone, gone
    except EngineError as error:
        return html.P(str(error), className="note"), True, True


@callback(Output(ids.REGISTRY_CHANGED, "data"), Input(ids.REGISTRY, "cellValueChanged"), prevent_initial_call=True)
def rename(changes: Sequence[Edit] | None) -> float:
    for change in changes or ():
        old, new = str(change["data"].get("key", "")).partition("@")[0], change.get("value")
        try:
            if change["colId"] == "name":
                registered.rename(old, new if isinstance(new, str) else "")
        except EngineError as error:
            shell.toast(str(error), tone="warn")
    return time.time()


@callback(
    Output(ids.REGISTRY_CHANGED, "data", allow_duplicate=True),
    Output(ids.REGISTRY_DELETED, "data"),
    Input(ids.REGISTRY, "cellRendererData"),
    Input(ids.REGISTRY_UNDO, "n_clicks"),
    State(ids.REGISTRY_DELETED, "data"),
    prevent_initial_call=True,
)
def act(cell: Mapping[str, Any] | None, clicks: int | None, deleted: list[str] | None) -> tuple[Any, Any]:
    """Into the bin, or out of it."""
    value = (cell or {}).get("value")
    is_undo = ctx.triggered_id == ids.REGISTRY_UNDO
    if not is_undo and not isinstance(value, Mapping):
        raise PreventUpdate
    wanted = deleted or [] if is_undo else [value.get("key")] if isinstance(value, Mapping) else []
    names = [name for name in wanted if isinstance(name, str)]
    is_delete = not is_undo and isinstance(value, Mapping) and value.get("action") == "delete"
    return time.time(), moved(names, is_delete)


@callback(
    Output(ids.REGISTRY_DELETED_BAR, "hidden"),
    Output(ids.REGISTRY_DELETED_TEXT, "children"),
    Input(ids.REGISTRY_DELETED, "data"),
)
def offer_undo(deleted: list[str] | None) -> tuple[bool, str]:
    names = ", ".join(name for name in deleted or [] if isinstance(name, str))
    return not names, f"{names} is in the bin and will be deleted after {registered.BIN_DAYS} days."


@callback(
    Output(ids.MODEL_FILE, "data"),
    Input(ids.EXPORT, "n_clicks"),
    State(ids.REGISTRY, "selectedRows"),
    prevent_initial_call=True,
)
def export(clicks: int | None, chosen: Rows) -> Any:
    reference = _reference(chosen)
    if not clicks or not reference:
        raise PreventUpdate
    item = registered.find(reference)
    return dcc.send_bytes(registered.content(item), f"{item.reference}.zip")


def moved(names: Sequence[str], is_delete: bool) -> list[str]:
    """Versions into the bin, or out of it; returns what can be undone."""
    for name in names:
        try:
            if is_delete:
                registered.delete(name)
            else:
                registered.restore(registered.binned(name))
        except EngineError as error:
            shell.toast(str(error), tone="warn")
            return []
    return list(names) if is_delete else []


def served(summary: Mapping[str, Any] | None) -> Component:
    """How requests of other programs went; where nobody may ask, how to allow it."""
    if summary is None:
        text = "Off. With service.enabled and a token in config.yaml other programs ask POST /api/predict."
        return html.P(text, className="hint pad")
    since = minute(summary["since"])
    times = (
        f", in {number(summary['median_ms'], 1)} ms in the median, 99% within {number(summary['p99_ms'], 1)} ms"
        if summary["median_ms"] is not None
        else ""
    )
    answered, refused = count(summary["answered"], "request"), number(summary["refused"])
    return html.P(f"On since {since}: {answered} answered{times}; {refused} refused.", className="hint pad")


def _version(reference: str) -> registered.Registered:
    """The version, from the bin where it lies there. Raises ``DataError``."""
    try:
        return registered.find(reference)
    except DataError:
        return registered.binned(reference)[0]


def _reference(chosen: Rows) -> str:
    return next(iter(keys_of(chosen)), "")
