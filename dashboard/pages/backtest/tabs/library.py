"""The tab of saved runs: found again, tagged, pinned, compared, deleted and restored. It needs no run on the page."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import shell
from dashboard.components import card, table
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.comparison import MAXIMUM_RUNS
from dashboard.pages.backtest.saved import row
from dashboard.pages.backtest.tab import Tab, seen
from dashboard.security.payloads import Edit, Rows
from dashboard.text.format import count
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.spec import kind_name
from engine.jobs import library

LISTED, EMPTY = 500, "No saved backtests yet: every backtest you run appears here."
EDITABLE = ("tags", "note")
ROW = 44  # pixels: a name and what it leaves out
SHELVES = {"saved": "Saved", "bin": "Bin"}
COLUMNS = [
    table.Column("pinned", "", width=32),
    table.Column("label", "Backtest", least=216),
    table.Column("cagr", "CAGR", "signed_percent", 2, width=82),
    table.Column("sharpe", "Sharpe", "number", 2, width=64),
    table.Column("max_drawdown", "Drawdown", "signed_percent", 2, width=84),
    table.Column("trades", "Trades", "number", width=62),
    table.Column("created", "Saved", "day", width=100),
    table.Column("tags", "Tags", least=60, help="Comma-separated; click to edit."),
    table.Column("note", "Note", least=66, help="Click to edit."),
    table.Column("bin", "", width=36),
]


def layout(text: str = "") -> list[Component]:
    """The tab, searched for ``text``."""
    entry = dbc.Input(
        id=ids.SEARCH, type="search", value=text, debounce=250, autoComplete="off",
        placeholder="Search name, symbol, strategy, tag, note",
    )  # fmt: skip
    search = [html.Label("Search saved backtests", htmlFor=ids.SEARCH, className="unseen"), entry]
    shelf = dbc.RadioItems(
        id=ids.SHELF, name=ids.SHELF, value="saved", className="seg small",
        options=[{"value": value, "label": text} for value, text in SHELVES.items()],
    )  # fmt: skip
    buttons = [
        _button("Compare", ids.COMPARE_TICKED, "Compare the selected runs", "saved"),
        _button("Delete", ids.DELETE_TICKED, "Move the selected runs to the bin", "saved"),
        _button("Restore", ids.RESTORE_TICKED, "Restore the selected runs from the bin", "bin"),
        _button("Empty the bin", ids.EMPTY_BIN, "Delete everything in the bin for good", "bin"),
    ]
    take_back = html.Button("Undo", id=ids.UNDO, className="link-button strong", type="button")
    parts = [html.Span(id=ids.DELETED_TEXT), take_back]
    undo = html.Div(parts, id=ids.DELETED_BAR, className="undo-bar", hidden=True, role="status")
    bar = html.Div([html.Div(search, className="in"), shelf, html.Span(id=ids.COUNT, className="hint"), *buttons],
                   className="library-bar")  # fmt: skip
    return [
        dcc.Store(id=ids.CHANGED, data=0),
        dcc.Store(id=ids.DELETED, data=[]),
        bar,
        undo,
        card.card("Saved backtests", _grid(), sub="click a name to open it; edit tags and notes in place"),
    ]


def _button(text: str, id_: str, title: str, shelf: str) -> Component:
    """A button for the selected runs of ``shelf``; it is out of sight beside the other."""
    return html.Button(text, id=id_, className=f"button in-{shelf}", type="button", title=title, disabled=True)


def _grid() -> Component:
    grid = table.table(
        ids.LIBRARY,
        COLUMNS,
        height=table.height_of(0),
        empty=EMPTY,
        options={
            "rowSelection": {"mode": "multiRow", "enableClickSelection": False, "headerCheckbox": True},
            "selectionColumnDef": {"width": 36, "minWidth": 36, "resizable": False, "pinned": "left"},
            "rowHeight": ROW,
            "singleClickEdit": True,
            "stopEditingWhenCellsLoseFocus": True,
            "enableCellTextSelection": False,
            "tooltipShowDelay": 300,
            "noRowsOverlayComponent": "StratoscopeNoRuns",
            "noRowsOverlayComponentParams": {"nothing": EMPTY, "search": ids.SEARCH, "shelf": ids.SHELF},
        },
    )
    by_field = {column["field"]: column for column in grid.columnDefs}
    by_field["pinned"] |= {"cellRenderer": "StratoscopePin", "resizable": False, "minWidth": 32}
    by_field["bin"] |= {"cellRenderer": "StratoscopeBin", "sortable": False, "resizable": False, "minWidth": 36}
    by_field["created"] |= {"cellRenderer": "StratoscopeSaved", "tooltipField": "moment"}
    by_field["label"] |= {"cellRenderer": "StratoscopeRun", "tooltipField": "about"}
    for name in EDITABLE:
        by_field[name] |= {"editable": {"function": "!params.data.deleted"}, "cellClass": "typed", "tooltipField": name}
    by_field["note"] |= {"cellEditor": "agLargeTextCellEditor", "cellEditorPopup": True,
                         "cellEditorParams": {"maxLength": 2000, "rows": 4, "cols": 44}}  # fmt: skip
    grid.getRowId = "params.data.key"
    grid.style = tall(0)
    grid.className += " library"
    return grid


TAB = Tab("library", "Library", layout, free=True)


@callback(
    Output(ids.LIBRARY, "rowData"),
    Output(ids.COUNT, "children"),
    Output(ids.EMPTY_BIN, "disabled"),
    Output(ids.LIBRARY, "selectedRows"),
    Output(ids.LIBRARY, "style"),
    Input(ids.SEARCH, "value"),
    Input(ids.SHELF, "value"),
    Input(ids.CHANGED, "data"),
    seen("library"),
)
def listing(text: str | None, shelf: str | None, changed: Any, _: Any) -> tuple[Any, ...]:
    words = text.strip() if isinstance(text, str) else ""
    found = library.saved(kind_name(BacktestSpec), words, in_bin=shelf == "bin", limit=LISTED)
    changed, total = library.changes(found), library.size(kind_name(BacktestSpec), in_bin=shelf == "bin")
    ticked = [] if ctx.triggered_id in (ids.SHELF, ids.CHANGED) else no_update
    listed = [row(item, changed.get(item.key, "")) for item in found]
    count_ = counted(len(found), total, searched=bool(words))
    return listed, count_, shelf != "bin" or not total, ticked, tall(len(listed))


@callback(
    Output(ids.COMPARE_TICKED, "disabled"),
    Output(ids.DELETE_TICKED, "disabled"),
    Output(ids.RESTORE_TICKED, "disabled"),
    Input(ids.LIBRARY, "selectedRows"),
    Input(ids.SHELF, "value"),
)
def enable(chosen: Rows, shelf: str | None) -> tuple[bool, bool, bool]:
    some = bool(keys_of(chosen))
    return not some or shelf == "bin", not some or shelf == "bin", not some or shelf != "bin"


@callback(Output(ids.CHANGED, "data"), Input(ids.LIBRARY, "cellValueChanged"), prevent_initial_call=True)
def edit(changes: Sequence[Edit] | None) -> float:
    """Keep what was typed; what cannot be kept is said, and the list shows what is kept."""
    for change in changes or ():
        column, key = change["colId"], change["data"].get("key", "")
        text = change.get("value") or ""
        if column not in EDITABLE or not isinstance(text, str):
            continue
        try:
            library.tag(key, text) if column == "tags" else library.annotate(key, text)
        except SpecError as error:
            shell.toast(str(error), tone="warn")
    return time.time()


@callback(
    Output(ids.CHANGED, "data", allow_duplicate=True),
    Output(ids.DELETED, "data"),
    inputs={
        "cell": Input(ids.LIBRARY, "cellRendererData"),
        "buttons": {
            id_: Input(id_, "n_clicks") for id_ in (ids.DELETE_TICKED, ids.RESTORE_TICKED, ids.UNDO, ids.EMPTY_BIN)
        },
        "ticked": State(ids.LIBRARY, "selectedRows"),
        "deleted": State(ids.DELETED, "data"),
    },
    prevent_initial_call=True,
)
def act(cell: Any, buttons: Any, ticked: Any, deleted: list[str] | None) -> tuple[Any, Any]:
    match ctx.triggered_id:
        case ids.LIBRARY:
            return time.time(), pressed(cell)
        case ids.DELETE_TICKED:
            return time.time(), put_away(keys_of(ticked))
        case ids.RESTORE_TICKED:
            return time.time(), take_back(keys_of(ticked))
        case ids.UNDO:
            return time.time(), take_back([key for key in deleted or [] if isinstance(key, str)])
    return time.time(), emptied()


@callback(
    Output(ids.DELETED_BAR, "hidden"),
    Output(ids.DELETED_TEXT, "children"),
    Input(ids.DELETED, "data"),
)
def offer_undo(deleted: list[str] | None) -> tuple[bool, str]:
    found = library.find([key for key in deleted or [] if isinstance(key, str)])
    if not found:
        return True, ""
    first = next(iter(found.values())).label
    subject = f"“{first}” is" if len(found) == 1 else f"{len(found)} backtests are"
    return False, f"{subject} in the bin and will be deleted after {library.BIN_DAYS} days."


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


def pressed(cell: Any) -> list[str]:
    """What a button in a row asks for: pin, delete or restore; returns what can be undone."""
    value = cell.get("value") if isinstance(cell, Mapping) else None
    if not isinstance(value, Mapping):
        raise PreventUpdate
    key, action = str(value.get("key")), value.get("action")
    if action in ("pin", "unpin"):
        library.pin(key, action == "pin")
        return []
    if action == "restore":
        return take_back([key])
    if action == "delete":
        return put_away([key])
    raise PreventUpdate


def put_away(keys: Sequence[str]) -> list[str]:
    """Into the bin with ``keys``; they are what can be undone."""
    for key in keys:
        library.delete(key)
    return list(keys)


def take_back(keys: Sequence[str]) -> list[str]:
    """Out of the bin with ``keys``; nothing is left to undo."""
    for key in keys:
        library.restore(key)
    return []


def emptied() -> list[str]:
    """Nothing is left in the bin, nor to undo."""
    gone = library.purge()
    shell.toast(f"{count(gone, 'backtest')} deleted. Their trials remain counted.", tone="ok")
    return []


def counted(found: int, total: int, *, searched: bool = False) -> str:
    """How many runs are listed, of how many; those whose request this version cannot read are counted too."""
    if searched:
        return f"{'the latest ' if found == LISTED else ''}{found} of {total:,}"
    if total > LISTED:
        return f"the latest {found} of {total:,} runs"
    return count(found, "run") + (f", {total - found} from another version" if total > found else "")


def tall(found: int) -> dict[str, Any]:
    """The ``style`` of the table of ``found`` runs: as tall as they are, up to the window's foot; there is always room
    for the box in which a note is written.
    """
    return {"height": f"min({table.height_of(found, row=ROW, least=5)}px, max(320px, 100dvh - 230px))", "width": "100%"}


def keys_of(chosen: Any) -> list[str]:
    """The run keys of the ticked rows, as the browser sends them."""
    rows = chosen if isinstance(chosen, list) else []
    return [row["key"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("key"), str)]
