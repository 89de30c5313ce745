"""Layout of the library: filters in a line, and the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import card, table
from dashboard.pages.library import ids
from dashboard.pages.library.rows import GRADES, TITLES
from dashboard.runs.saved_runs import NAME, SHELVES, TYPED, draw_buttons, in_shelf

COLUMNS = (
    table.Column("pinned", "", width=32),
    table.Column("kind", "Kind", width=104),
    table.Column("label", "Name", least=230),
    table.Column("curve", "Equity and holding", width=136),
    table.Column("verdict", "Verdict", width=150, help="As of the trials counted by now; hover for the reason."),
    table.Column("sharpe", "Sharpe", "number", 2, width=70, help="Annualised; of a sweep that of the best."),
    table.Column("outcome", "Result", least=190),
    table.Column("created", "Saved", "day", width=100),
    table.Column("tags", "Tags", least=70, help="Comma-separated; click to edit."),
    table.Column("bin", "", width=36),
)
ANY = "any"
NOTHING = "Nothing here yet: every run, model and feature set that you make appears here."
ROW, _LONGEST = 44, 200  # pixels; characters of a search in the address


def layout(query: str | None, seen: Mapping[str, str] = MappingProxyType({})) -> Component:
    """The page; ``kind``, ``verdict``, ``symbol`` and ``find`` in the address are its filters."""
    kinds = {ANY: "All kinds", **{name: several for name, (_, several) in TITLES.items()}}
    filters = [
        _choice(ids.KIND, "Kind", kinds, seen.get("kind", "")),
        _choice(ids.VERDICT, "Verdict", {ANY: "Any verdict", **GRADES}, seen.get("verdict", "")),
        _symbol(seen.get("symbol", "")[:_LONGEST]),
        _search(seen.get("find", "")[:_LONGEST]),
        _shelf(),
        html.Span(id=ids.COUNT, className="hint", role="status"),
        in_shelf("Delete", ids.DELETE_TICKED, "Move the selected entries to the bin", "saved"),
        in_shelf("Restore", ids.RESTORE_TICKED, "Restore the selected entries from the bin", "bin"),
        in_shelf("Empty the bin", ids.EMPTY_BIN, "Delete everything in the bin for good", "bin"),
        dcc.Interval(id=ids.AGAIN, interval=400, max_intervals=1, disabled=True),
        dcc.Store(id=ids.CHANGED, data=0),
        dcc.Store(id=ids.DELETED, data=[]),
    ]
    heading = html.H2("Runs, models and feature sets", className="unseen")
    listed = card.card("Library", grid(), sub="click a name to open it where it belongs; edit names and tags in place")
    parts = [heading, html.Div(filters, className="library-bar"), _undo_bar(), listed]
    return html.Div(html.Main(parts, className="main shelf", tabIndex=-1), className="body alone")


def _shelf() -> Component:
    options = [{"value": value, "label": text} for value, text in SHELVES.items()]
    choice = dbc.RadioItems(id=ids.SHELF, name=ids.SHELF, value="saved", options=options, className="seg small")
    return html.Div(choice, role="radiogroup", **{"aria-label": "Shelf"})


def _undo_bar() -> Component:
    take_back = html.Button("Undo", id=ids.UNDO, className="link-button strong", type="button")
    parts = [html.Span(id=ids.DELETED_TEXT), take_back]
    return html.Div(parts, id=ids.DELETED_BAR, className="undo-bar", hidden=True, role="status")


def grid() -> Component:
    """The table, whose cells ``assets/43_shelf.js`` draws."""
    found: Any = table.table(
        ids.LISTED,
        COLUMNS,
        height=table.height_of(0),
        empty=NOTHING,
        options={
            "rowSelection": {
                "mode": "multiRow",
                "enableClickSelection": False,
                "headerCheckbox": True,
            },
            "selectionColumnDef": {"width": 36, "minWidth": 36, "resizable": False, "pinned": "left"},
            "rowHeight": ROW,
            "tooltipShowDelay": 300,
            "singleClickEdit": True,
            "stopEditingWhenCellsLoseFocus": True,
            "enableCellTextSelection": False,
            "noRowsOverlayComponent": "StratoscopeNoRuns",
            "noRowsOverlayComponentParams": {"nothing": NOTHING, "search": ids.SEARCH, "shelf": ids.SHELF},
        },
    )
    _draw(found.columnDefs)
    found.getRowId = "params.data.key"
    found.style = {"height": "max(320px, calc(100dvh - 190px))", "width": "100%"}
    found.className += " library"
    return found


def _draw(columns: Sequence[dict[str, Any]]) -> None:
    """Have the cells drawn, and say which are typed into."""
    by_field = {column["field"]: column for column in columns}
    draw_buttons(by_field)
    by_field["label"] |= {**NAME, "tooltipField": "label"}
    by_field["tags"] |= {**TYPED, "editable": {"function": "params.data.renames && !params.data.fixed"}}
    by_field["curve"] |= {"cellRenderer": "StratoscopeCurve", "sortable": False}
    by_field["verdict"] |= {"cellRenderer": "StratoscopeVerdict", "tooltipField": "reason"}
    by_field["created"] |= {"tooltipField": "moment"}
    for name in ("outcome", "tags"):
        by_field[name]["tooltipField"] = name


def _choice(id_: str, title: str, options: Mapping[str, str], value: str) -> Component:
    label = html.Label(title, htmlFor=id_, className="unseen")
    listed = [{"value": value, "label": text} for value, text in options.items()]
    select = dbc.Select(id=id_, options=listed, value=value if value in options else ANY, className="select", size="sm")
    return html.Div([label, select], className="shelf-choice")


def _symbol(value: str) -> Component:
    label = html.Label("Symbol", htmlFor=ids.SYMBOL, className="unseen")
    options = [value] if value else []
    pick = dcc.Dropdown(id=ids.SYMBOL, options=options, value=value or None, placeholder="Any symbol", className="pick")
    return html.Div([label, pick], className="shelf-choice")


def _search(value: str) -> Component:
    label = html.Label("Search the library", htmlFor=ids.SEARCH, className="unseen")
    entry = dbc.Input(
        id=ids.SEARCH, type="search", value=value, debounce=250, autoComplete="off",
        placeholder="Search name, symbol, tag, note",
    )  # fmt: skip
    return html.Div([label, entry], className="in")
