"""A page's saved runs: found again, tagged, annotated, pinned, deleted and restored. They need no run on the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import shell
from dashboard.components import card, table
from dashboard.runs import saved_sets
from dashboard.security.payloads import Edit, Rows
from dashboard.text.format import count
from engine.core.errors import SpecError
from engine.core.spec import RunSpec, kind_name
from engine.jobs import library
from engine.jobs.library import Saved

LISTED = 500
ROW = 44  # pixels: a name and what it leaves out
EDITABLE = ("tags", "note")
SHELVES = {"saved": "Saved", "bin": "Bin"}
_BEFORE = (table.Column("pinned", "", width=32),)
_AFTER = (
    table.Column("created", "Saved", "day", width=100),
    table.Column("tags", "Tags", least=60, help="Comma-separated; click to edit."),
    table.Column("note", "Note", least=66, help="Click to edit."),
    table.Column("bin", "", width=36),
)


NAME: Mapping[str, Any] = {"cellRenderer": "StratoscopeRun", "editable": {"function": "params.data.renames"},
                           "singleClickEdit": False, **table.OPENS}  # fmt: skip
"""The column "label": a link, and a pen that opens the name for typing, as F2 does."""
TYPED: Mapping[str, Any] = {"editable": {"function": "!params.data.deleted"}, "cellClass": "typed"}


@dataclass(frozen=True)
class SavedRuns:
    """The runs of ``spec`` on the page ``page``, each of which is called a ``noun``. ``columns`` are its own: the first
    holds the name; ``rows`` makes rows of runs and of what changed since (``library.changes``). ``search`` says what
    is searched; ``actions`` are further buttons for the selected runs.
    """

    page: str
    spec: type[RunSpec]
    noun: str
    columns: Sequence[table.Column]
    rows: Callable[[Sequence[Saved], Mapping[str, str]], list[dict[str, Any]]]
    search: str
    actions: Callable[[], Sequence[Component]] = tuple

    def id(self, name: str) -> str:
        """Id of a part: "library", "search", "shelf", "undo" and so on."""
        return f"{self.page}-{name}"

    def layout(self, text: str = "") -> list[Component]:
        """The tab, searched for ``text``."""
        many, search = f"{self.noun}s", self.id("search")
        entry = dbc.Input(
            id=search, type="search", value=text, debounce=250, autoComplete="off", placeholder=self.search
        )
        found = [html.Label(f"Search saved {many}", htmlFor=search, className="unseen"), entry]
        shelf = dbc.RadioItems(
            id=self.id("shelf"), name=self.id("shelf"), value="saved", className="seg small",
            options=[{"value": value, "label": text} for value, text in SHELVES.items()],
        )  # fmt: skip
        bar = [html.Div(found, className="in"), shelf, html.Span(id=self.id("library-count"), className="hint")]
        return [
            dcc.Store(id=self.id("library-changed"), data=0),
            dcc.Store(id=self.id("deleted"), data=[]),
            html.Div([*bar, *self._buttons()], className="library-bar"),
            self._undo_bar(),
            card.card(f"Saved {many}", self.grid(), sub="click a name to open it; edit tags and notes in place"),
        ]

    def _buttons(self) -> list[Component]:
        """Buttons for the selected runs of a shelf; they are out of sight beside the other."""
        return [
            *self.actions(),
            in_shelf("Delete", self.id("delete-ticked"), "Move the selected runs to the bin", "saved"),
            in_shelf("Restore", self.id("restore-ticked"), "Restore the selected runs from the bin", "bin"),
            in_shelf("Empty the bin", self.id("empty-bin"), "Delete everything in the bin for good", "bin"),
        ]

    def _undo_bar(self) -> Component:
        take_back = html.Button("Undo", id=self.id("undo"), className="link-button strong", type="button")
        parts = [html.Span(id=self.id("deleted-text")), take_back]
        return html.Div(parts, id=self.id("deleted-bar"), className="undo-bar", hidden=True, role="status")

    def grid(self) -> Component:
        """The table."""
        nothing = f"No saved {self.noun}s yet: every {self.noun} you run appears here."
        said = {"nothing": nothing, "search": self.id("search"), "shelf": self.id("shelf")}
        grid = table.table(
            self.id("library"),
            [*_BEFORE, *self.columns, *_AFTER],
            height=table.height_of(0),
            empty=nothing,
            options={
                "rowSelection": {"mode": "multiRow", "enableClickSelection": False, "headerCheckbox": True},
                "selectionColumnDef": {"width": 36, "minWidth": 36, "resizable": False, "pinned": "left"},
                "rowHeight": ROW,
                "singleClickEdit": True,
                "stopEditingWhenCellsLoseFocus": True,
                "enableCellTextSelection": False,
                "tooltipShowDelay": 300,
                "noRowsOverlayComponent": "StratoscopeNoRuns",
                "noRowsOverlayComponentParams": said,
            },
        )
        _draw(grid, self.columns)
        return grid

    def wire(self, opened: Input) -> None:
        """Register the callbacks; ``opened`` changes whenever the tab comes into sight."""
        table_, shelf, changed = self.id("library"), Input(self.id("shelf"), "value"), self.id("library-changed")
        callback(
            Output(table_, "rowData"),
            Output(self.id("library-count"), "children"),
            Output(self.id("empty-bin"), "disabled"),
            Output(table_, "selectedRows"),
            Output(table_, "style"),
            Input(self.id("search"), "value"),
            shelf,
            Input(changed, "data"),
            opened,
        )(self.listing)
        callback(
            Output(self.id("delete-ticked"), "disabled"),
            Output(self.id("restore-ticked"), "disabled"),
            Input(table_, "selectedRows"),
            shelf,
        )(self.enable)
        callback(Output(changed, "data"), Input(table_, "cellValueChanged"), prevent_initial_call=True)(self.edit)
        self._wire_bin(table_, changed)

    def _wire_bin(self, table_: str, changed: str) -> None:
        buttons = [self.id(name) for name in ("delete-ticked", "restore-ticked", "undo", "empty-bin")]
        callback(
            Output(changed, "data", allow_duplicate=True),
            Output(self.id("deleted"), "data"),
            inputs={
                "cell": Input(table_, "cellRendererData"),
                "buttons": {id_: Input(id_, "n_clicks") for id_ in buttons},
                "ticked": State(table_, "selectedRows"),
                "deleted": State(self.id("deleted"), "data"),
            },
            prevent_initial_call=True,
        )(self.act)
        callback(
            Output(self.id("deleted-bar"), "hidden"),
            Output(self.id("deleted-text"), "children"),
            Input(self.id("deleted"), "data"),
        )(self.offer_undo)

    def listing(self, text: str | None, shelf: str | None, changed: Any, _: Any) -> tuple[Any, ...]:
        words = text.strip() if isinstance(text, str) else ""
        kind, in_bin = kind_name(self.spec), shelf == "bin"
        found = library.saved(kind, words, in_bin=in_bin, limit=LISTED)
        changes, total = library.changes(found), library.size(kind, in_bin=in_bin)
        ticked = [] if ctx.triggered_id in (self.id("shelf"), self.id("library-changed")) else no_update
        listed = self.rows(found, changes)
        count_ = counted(len(found), total, searched=bool(words))
        return listed, count_, not in_bin or not total, ticked, tall(len(listed))

    def enable(self, chosen: Rows, shelf: str | None) -> tuple[bool, bool]:
        some = bool(keys_of(chosen))
        return not some or shelf == "bin", not some or shelf != "bin"

    def edit(self, changes: Sequence[Edit] | None) -> float:
        typed(changes)
        return time.time()

    def act(self, cell: Any, buttons: Any, ticked: Any, deleted: list[str] | None) -> tuple[Any, Any]:
        by = ctx.triggered_id
        if by == self.id("library"):
            return time.time(), pressed(cell)
        if by == self.id("delete-ticked"):
            return time.time(), put_away(keys_of(ticked))
        if by == self.id("restore-ticked"):
            return time.time(), take_back(keys_of(ticked))
        if by == self.id("undo"):
            return time.time(), take_back(kept_keys(deleted))
        return time.time(), self.emptied()

    def offer_undo(self, deleted: list[str] | None) -> tuple[bool, str]:
        said = binned(deleted, f"{self.noun}s")
        return not said, said

    def emptied(self) -> list[str]:
        """Nothing is left in the bin, nor to undo."""
        gone = library.purge(kind=kind_name(self.spec))
        shell.toast(f"{count(gone, self.noun)} deleted. Their trials remain counted.", tone="ok")
        return []


def in_shelf(text: str, id_: str, title: str, shelf: str) -> Component:
    """A button for the selected runs of ``shelf``."""
    return html.Button(text, id=id_, className=f"button in-{shelf}", type="button", title=title, disabled=True)


def draw_buttons(by_field: Mapping[str, dict[str, Any]]) -> None:
    """Have the columns ``pinned`` and ``bin`` drawn as buttons; ``pressed`` says what they ask for."""
    fixed = {**table.OPENS, "resizable": False}
    by_field["pinned"] |= {"cellRenderer": "StratoscopePin", **fixed, "minWidth": 32}
    by_field["bin"] |= {"cellRenderer": "StratoscopeBin", **fixed, "minWidth": 36, "sortable": False}


def _draw(grid: Any, columns: Sequence[table.Column]) -> None:
    """Have the cells of ``grid`` drawn by ``assets/43_library.js``; the first of its own ``columns`` are the names."""
    by_field = {column["field"]: column for column in grid.columnDefs}
    for column in columns:
        if column.kind == "text":
            by_field[column.field]["tooltipField"] = column.field
    draw_buttons(by_field)
    by_field["created"] |= {"cellRenderer": "StratoscopeSaved", **table.OPENS, "tooltipField": "moment"}
    by_field[columns[0].field] |= {**NAME, "tooltipField": "about"}
    for name in EDITABLE:
        by_field[name] |= {**TYPED, "tooltipField": name}
    by_field["note"] |= {"cellEditor": "agLargeTextCellEditor", "cellEditorPopup": True,
                         "cellEditorParams": {"maxLength": 2000, "rows": 4, "cols": 44}}  # fmt: skip
    grid.getRowId = "params.data.key"
    grid.style = tall(0)
    grid.className += " library"


def typed(changes: Sequence[Edit] | None) -> None:
    """Keep what was typed; what cannot be kept is said, and the list shows what is kept."""
    keeps = {"tags": library.tag, "note": library.annotate, "label": library.rename}
    for change in changes or ():
        keep, key, text = keeps.get(change["colId"]), change["data"].get("key", ""), change.get("value") or ""
        if saved_sets.is_reference(key):
            keep = saved_sets.rename if change["colId"] == "label" else None
        if keep is None or not isinstance(text, str):
            continue
        try:
            keep(key, text)
        except SpecError as error:
            shell.toast(str(error), tone="warn")


def binned(deleted: Any, several: str) -> str:
    """The sentence on what was just put into the bin, "" for nothing; more than one are ``several``."""
    keys = kept_keys(deleted)
    found = [item.label for item in library.find(keys).values()] + saved_sets.references(keys)
    if not found:
        return ""
    first = found[0]
    subject = f"“{first}” is" if len(found) == 1 else f"{len(found)} {several} are"
    return f"{subject} in the bin and will be deleted after {library.BIN_DAYS} days."


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
        (saved_sets.put_away if saved_sets.is_reference(key) else library.delete)(key)
    return list(keys)


def take_back(keys: Sequence[str]) -> list[str]:
    """Out of the bin with ``keys``; nothing is left to undo."""
    for key in keys:
        (saved_sets.take_back if saved_sets.is_reference(key) else library.restore)(key)
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
    return {"height": f"min({table.height_of(found, row=ROW, least=3)}px, max(320px, 100dvh - 230px))", "width": "100%"}


def kept_keys(deleted: Any) -> list[str]:
    """The run keys that can be brought back, as the browser keeps them."""
    return [key for key in deleted if isinstance(key, str)] if isinstance(deleted, list) else []


def keys_of(chosen: Any) -> list[str]:
    """The run keys of the ticked rows, as the browser sends them."""
    rows = chosen if isinstance(chosen, list) else []
    return [row["key"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("key"), str)]
