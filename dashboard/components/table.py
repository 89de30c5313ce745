"""Tables: AG Grid in our tokens, numbers right and tabular, each column formatted by what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dash_ag_grid as dag
from dash.development.base_component import Component

_HEAD, _ROW, _SCROLLBAR = 30, 29, 17  # pixels, the first two as in assets/24_grid.css
_PADDING, _LETTER = 26, 7.2  # pixels of a cell beside its text, and of a letter of a heading
ONE_STOP: Mapping[str, Any] = {"tabToNextHeader": {"function": "false"}, "tabToNextCell": {"function": "false"}}
"""Tab enters a table once and leaves it again; within, the arrows go from cell to cell."""
EVENTS: Mapping[str, list[str]] = {
    "rowDataUpdated": ["stratoscopeReach()"],
    "firstDataRendered": ["stratoscopeReach()"],
}
"""For readers of the screen, what scrolls can be focused."""
OPENS: Mapping[str, Any] = {"suppressKeyboardEvent": {"function": "stratoscopePresses(params)"}}
"""Of a column of links or buttons: Enter on a cell presses the first of them."""
Kind = Literal["text", "number", "signed", "price", "percent", "signed_percent", "own", "day", "time"]


_VALUES: dict[Kind, int] = {
    "text": 84,
    "number": 74,
    "price": 84,
    "percent": 84,
    "own": 84,
    "signed": 92,
    "signed_percent": 112,
    "day": 100,
}


@dataclass(frozen=True)
class Column:
    """One column; ``field`` is its key in the rows. Percentages are given as fractions, times as ms since 1970 or
    ISO text; what is ``signed`` has its sign and its colour; a price has as many decimals as its row says in
    ``decimals``, and a value of its "own" kind is of the one that its row says in ``kind``. A column has its
    ``width``, or shares what is left and is at least ``least`` wide (pixels), by itself as wide as its title and a
    typical value. A ``pinned`` one stays in sight while the others are scrolled.
    """

    field: str
    title: str
    kind: Kind = "text"
    decimals: int = 0
    unit: str = ""
    width: int | None = None
    least: int | None = None
    help: str = ""
    pinned: bool = False


def table(
    id: str,
    columns: Sequence[Column],
    *,
    rows: Sequence[dict[str, Any]] | None = None,
    height: int | None = None,
    empty: str = "No rows yet.",
    options: dict[str, Any] | None = None,
) -> Component:
    """The table ``id``; fill its ``rowData``. Without a ``height`` it is as tall as its rows. Without ``rows`` it waits
    for them, and says that it is ``empty`` only once an empty list has come.
    """
    layout = {} if height else {"domLayout": "autoHeight"}
    return dag.AgGrid(
        id=id,
        rowData=None if rows is None else list(rows),
        columnDefs=[definition(column) for column in columns],
        defaultColDef={"sortable": True, "resizable": True, "suppressMovable": True, "minWidth": 60, "flex": 1},
        dashGridOptions={
            **layout,
            "localeText": {"noRowsToShow": empty},
            "suppressCellFocus": False,
            **ONE_STOP,
            "animateRows": False,
            "enableCellTextSelection": True,
            **(options or {}),
        },
        eventListeners=dict(EVENTS),
        className="grid ag-theme-quartz",
        style={"height": height, "width": "100%"} if height else {"width": "100%"},
    )


def height_of(count: int, *, row: int = _ROW, least: int = 2) -> int:
    """Pixels that a table of ``count`` rows of ``row`` pixels needs, or of the ``least`` number of them."""
    return _HEAD + row * max(count, least) + _SCROLLBAR


def fitting(count: int, most: int) -> dict[str, Any]:
    """The ``style`` of a table of ``count`` rows that is as tall as they need and ``most`` pixels at most."""
    return {"height": min(height_of(count), most), "width": "100%"}


def _minimum_width(column: Column) -> int:
    """Pixels in which the column's title, and a typical value of its kind, can be read."""
    return max(_PADDING + round(_LETTER * len(column.title)), _VALUES.get(column.kind, 0))


def definition(column: Column) -> dict[str, Any]:
    """AG Grid's definition of a column."""
    base: dict[str, Any] = {"field": column.field, "headerName": column.title}
    if column.width:
        base |= {"width": column.width, "flex": 0}
    if column.least:
        base |= {"minWidth": column.least, "flex": column.least}
    if not column.width and not column.least:
        base["minWidth"] = _minimum_width(column)
    if column.pinned:
        base["pinned"] = "left"
    if column.help:
        base["headerTooltip"] = column.help
    if column.kind == "text":
        return base | {"cellDataType": "text"}  # AG Grid would take a column for one of dates, by its first row
    how = f"'{column.kind}', {column.decimals}, '{column.unit}'"
    if column.kind == "price":
        how = f"'number', params.data.decimals, '{column.unit}'"
    elif column.kind == "own":
        how = f"params.data.kind, {column.decimals}, '{column.unit}'"
    base |= {
        "type": "rightAligned",
        "valueFormatter": {"function": f"stratoscopeCell(params.value, {how})"},
    }
    if column.kind.startswith("signed"):
        base["cellClass"] = {"function": f"stratoscopeTone(params.value, {how})"}
    return base
