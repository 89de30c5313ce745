"""The tab that lists every series: found, opened, updated, checked, renamed, exported, deleted and restored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.development.base_component import Component

from dashboard.components import card, table
from dashboard.pages.data import ids
from dashboard.pages.data.catalogue import actions, findings, updating
from dashboard.pages.data.catalogue.rows import COLUMNS, TRASH_COLUMNS, row, trash_row
from dashboard.pages.data.tab import Tab, seen
from dashboard.text.format import count
from engine.core.sizes import size_text
from engine.market import inventory, trash

_TALLEST = 640  # pixels
_NUMBERS = ("rows", "size", "runs")
_TICKED = {
    "rowSelection": {
        "mode": "multiRow",
        "enableClickSelection": False,
        "headerCheckbox": True,
        "selectAll": "filtered",
    },
    "selectionColumnDef": {"width": 36, "minWidth": 36, "resizable": False, "pinned": "left"},
    "enableCellTextSelection": False,
    "cacheQuickFilter": True,
    "tooltipShowDelay": 300,
}


def layout() -> Sequence[Component]:
    entry = dbc.Input(
        id=ids.CATALOGUE_SEARCH, type="search", value="", debounce=150, autoComplete="off",
        placeholder="Search symbol, collection, source, quality",
    )  # fmt: skip
    search = [html.Label("Search the catalogue", htmlFor=ids.CATALOGUE_SEARCH, className="unseen"), entry]
    bar = [html.Div(search, className="in"), html.Span(id=ids.CATALOGUE_COUNT, className="hint"), *actions.buttons()]
    tools = [
        html.Button("Restore", id=ids.TRASH_RESTORE, type="button", disabled=True, className="link-button strong"),
        html.Button("Empty the trash", id=ids.TRASH_EMPTY, type="button", className="link-button"),
    ]
    sure = [
        html.Span(id=ids.TRASH_EMPTY_TEXT),
        html.Button("Delete for good", id=ids.TRASH_EMPTY_DO, type="button", className="link-button strong"),
        html.Button("Cancel", id=ids.TRASH_EMPTY_CANCEL, type="button", className="link-button"),
    ]
    asked = html.Div(sure, id=ids.TRASH_EMPTY_BAR, className="undo-bar", hidden=True, role="status")
    thrown = card.card("Trash", [asked, _trash()], sub=f"deleted for good after {trash.DAYS} days", tools=tools)
    return [
        dcc.Store(id=ids.CATALOGUE_CHANGED, data=0),
        dcc.Store(id=ids.CATALOGUE_CHOSEN, data=[]),
        dcc.Store(id=ids.TRASH_CHOSEN, data=[]),
        dcc.Store(id=ids.CATALOGUE_DELETED, data=[]),
        html.Div(bar, className="library-bar catalogue-bar"),
        *actions.bars(),
        *updating.layout(),
        card.card("Catalogue", _grid(), sub="click a symbol for its chart, a verdict for its findings"),
        findings.layout(),
        html.Div(thrown, id=ids.TRASH_CARD, hidden=True),
    ]


def _grid() -> Component:
    grid = table.table(ids.CATALOGUE, COLUMNS, height=_TALLEST, empty="No series found.", options=_TICKED)
    by_field = {column["field"]: column for column in grid.columnDefs}
    for name, column in by_field.items():
        column["filter"] = "agNumberColumnFilter" if name in _NUMBERS else "agTextColumnFilter"
    by_field["symbol"] |= {"cellRenderer": "StratoscopeSeries", "sort": "asc"}
    by_field["quality"] |= {"cellRenderer": "StratoscopeQuality", "comparator": {"function": "stratoscopeByRank"}}
    by_field["runs"] |= {"cellRenderer": "StratoscopeUses"}
    by_field["size"] |= _SIZE
    by_field["source"] |= {"tooltipField": "source"}
    by_field["fetched"] |= {"tooltipField": "moment"}
    by_field["print"] |= {"cellClass": "mono"}
    grid.getRowId = "params.data.id"
    grid.className += " library catalogue"
    return grid


_SIZE = {"type": "rightAligned", "valueFormatter": {"function": "stratoscopeSize(params.value)"}}


def _trash() -> Component:
    grid = table.table(ids.TRASH, TRASH_COLUMNS, empty="The trash is empty.", options=_TICKED)
    next(column for column in grid.columnDefs if column["field"] == "size").update(_SIZE)
    grid.getRowId = "params.data.id"
    grid.className += " library"
    return grid


TAB = Tab("catalogue", "Catalogue", layout, free=True)


@callback(
    Output(ids.CATALOGUE, "rowData"),
    Output(ids.CATALOGUE, "selectedRows"),
    Output(ids.CATALOGUE_COUNT, "children"),
    Output(ids.TRASH, "rowData"),
    Output(ids.TRASH_CARD, "hidden"),
    Output(ids.CATALOGUE, "style"),
    Input(ids.CATALOGUE_CHANGED, "data"),
    seen(TAB.name),
)
def listing(changed: Any, _: Any) -> tuple[Any, ...]:
    found, thrown, now = inventory.items(), trash.deleted(), time.time()
    size = sum(item.size for item in found)
    told = count(len(found), "series", "series") + (f", {size_text(size)}" if size else "")
    rows, binned = [row(item) for item in found], [trash_row(item, now) for item in thrown]
    return rows, [], told, binned, not binned, table.fitting(len(rows), _TALLEST)


clientside_callback(
    ClientsideFunction("stratoscope", "quickFilter"),
    Output(ids.CATALOGUE, "dashGridOptions"),
    Input(ids.CATALOGUE_SEARCH, "value"),
    State(ids.CATALOGUE, "dashGridOptions"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "catalogueChosen"),
    Output(ids.CATALOGUE_CHOSEN, "data"),
    Output(ids.CATALOGUE_TICKED, "children"),
    *(Output(id_, "disabled") for id_ in actions.BUTTONS),
    Input(ids.CATALOGUE, "selectedRows"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "trashChosen"),
    Output(ids.TRASH_CHOSEN, "data"),
    Output(ids.TRASH_RESTORE, "disabled"),
    Input(ids.TRASH, "selectedRows"),
    prevent_initial_call=True,
)
