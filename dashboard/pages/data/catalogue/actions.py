"""Actions on the selected series: open, rename, export, delete, restore."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.errors import toast
from dashboard.pages.data import ids
from dashboard.pages.data.catalogue.rows import Chosen, named, names
from dashboard.pages.data.form import FORM
from dashboard.runs import studies
from dashboard.text.format import count
from engine.core.errors import DataError, EngineError
from engine.market import catalog, trash, uses
from engine.market.bars import Series
from engine.market.renaming import rename
from engine.market.spec import MarketSpec
from engine.market.symbols import MAXIMUM_LENGTH
from engine.market.trash import Deleted
from engine.market.uses import Name

T = TypeVar("T")
_OPENED = 12  # symbols of a chart
BUTTONS = (
    ids.CATALOGUE_OPEN,
    ids.CATALOGUE_UPDATE,
    ids.CATALOGUE_CHECK,
    ids.CATALOGUE_RENAME,
    ids.CATALOGUE_CSV,
    ids.CATALOGUE_PARQUET,
    ids.CATALOGUE_DELETE,
)
"""Buttons for the selected series, in the order of ``catalogueChosen``."""
_TITLES = (
    ("Chart", "Open the selected series in the chart"),
    ("Update", "Fetch the latest bars of the selected series"),
    ("Check quality", "List the quality findings of the selected series"),
    ("Rename", "Give the selected series another symbol or collection"),
    ("CSV", "Save the selected series as CSV"),
    ("Parquet", "Save the selected series as Parquet"),
    ("Delete", f"Move the selected series into the trash, for {trash.DAYS} days"),
)


def buttons() -> list[Component]:
    """The buttons for the selected series."""
    return [
        html.Button(text, id=id_, className="button", type="button", title=title, disabled=True)
        for id_, (text, title) in zip(BUTTONS, _TITLES, strict=True)
    ]


def bars() -> list[Component]:
    """What is asked for a renaming, and what a deletion can be undone by; both out of sight at first."""
    undo = html.Button("Undo", id=ids.CATALOGUE_UNDO, className="link-button strong", type="button")
    symbol = dbc.Input(id=ids.RENAME_SYMBOL, maxLength=MAXIMUM_LENGTH, autoComplete="off", type="text")
    collection = dbc.Input(id=ids.RENAME_COLLECTION, maxLength=64, autoComplete="off", type="text")
    asked = [
        html.Div([html.Label("Symbol", htmlFor=ids.RENAME_SYMBOL), symbol], className="in", id=ids.RENAME_SYMBOL_BOX),
        html.Div([html.Label("Collection", htmlFor=ids.RENAME_COLLECTION), collection], className="in"),
        html.Button("Rename", id=ids.RENAME_DO, className="button", type="button"),
        html.Button("Cancel", id=ids.RENAME_CANCEL, className="link-button", type="button"),
    ]
    bar = [html.Span(id=ids.CATALOGUE_DELETED_TEXT), undo]
    return [
        html.Div(html.Span(id=ids.CATALOGUE_TICKED), className="unseen", role="status"),
        html.Div(asked, id=ids.RENAME_BAR, className="undo-bar rename-bar", hidden=True),
        html.Div(bar, id=ids.CATALOGUE_DELETED_BAR, className="undo-bar", hidden=True, role="status"),
    ]


@callback(
    Input(ids.CATALOGUE_OPEN, "n_clicks"),
    State(ids.CATALOGUE_CHOSEN, "data"),
    prevent_initial_call=True,
)
def open_chart(clicks: int | None, chosen: Chosen) -> None:
    if not clicks:
        raise PreventUpdate
    show(names(chosen, most=_OPENED), "chart")


@callback(Input(ids.CATALOGUE, "cellRendererData"), prevent_initial_call=True)
def open_cell(cell: dict[str, Any] | None) -> None:
    """A symbol leads to the chart, a verdict to the findings."""
    value = (cell or {}).get("value")
    if not isinstance(value, dict) or value.get("tab") not in ("chart", "quality"):
        raise PreventUpdate
    show(names([str(value.get("id"))]), str(value["tab"]))


def show(found: Sequence[Name], tab: str) -> None:
    """Bring ``tab`` into sight with these series. Raises ``DataError`` for series that no request has together."""
    if len({(collection, interval) for collection, _, interval in found}) != 1:
        raise DataError("Choose series of one collection and one interval to see them together.")
    (collection, _, interval), symbols = found[0], [symbol for _, symbol, _ in found]
    spec = MarketSpec.parse({"collection": collection, "symbols": symbols, "interval": interval})
    studies.show(FORM, spec, tab)


@callback(
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Output(ids.RENAME_BAR, "hidden", allow_duplicate=True),
    Input(ids.RENAME_DO, "n_clicks"),
    Input(ids.RENAME_SYMBOL, "n_submit"),
    Input(ids.RENAME_COLLECTION, "n_submit"),
    State(ids.CATALOGUE_CHOSEN, "data"),
    State(ids.RENAME_SYMBOL, "value"),
    State(ids.RENAME_COLLECTION, "value"),
    prevent_initial_call=True,
)
def rename_chosen(
    clicks: int | None,
    entered: int | None,
    entered_too: int | None,
    chosen: Chosen,
    symbol: str | None,
    collection: str | None,
) -> tuple[Any, Any]:
    found = names(chosen)
    if not (clicks or entered or entered_too) or not found:
        raise PreventUpdate
    new = (symbol or "").strip() if len(found) == 1 else ""
    done, failed = _each(found, lambda name: rename(catalog.find(*name), to_symbol=new, to_collection=collection or ""))
    _say(renamed(found, done), bool(done), failed)
    return (time.time(), True) if done else (no_update, no_update)


def renamed(before: Sequence[Name], now: Sequence[Series]) -> str:
    """What became of the names; where another source has one too, whose bars are used from now on."""
    words = f"{count(len(now), 'series', 'series')} renamed."
    if len(before) == len(now) == 1:
        words = f"{named(before)} is now {named([(now[0].collection, now[0].symbol, now[0].interval)])}."
    for item in now:
        if others := catalog.also_in(item):
            used = catalog.find(item.collection, item.symbol, item.interval).source
            shared = f"{item.symbol} in {item.collection} is also in {', '.join(others)}"
            return f"{words} {shared}: the bars of '{used}' are used."
    return words


@callback(
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Output(ids.CATALOGUE_DELETED, "data", allow_duplicate=True),
    Output(ids.CATALOGUE_DELETED_BAR, "hidden", allow_duplicate=True),
    Output(ids.CATALOGUE_DELETED_TEXT, "children"),
    Input(ids.CATALOGUE_DELETE, "n_clicks"),
    State(ids.CATALOGUE_CHOSEN, "data"),
    prevent_initial_call=True,
)
def delete_chosen(clicks: int | None, chosen: Chosen) -> tuple[Any, ...]:
    found = names(chosen)
    if not clicks or not found:
        raise PreventUpdate
    done, failed = _each(found, lambda name: trash.delete(*name))
    _say("", False, failed)
    return time.time(), [item.id for item in done], not done, in_trash(done)


def in_trash(found: Sequence[Deleted]) -> str:
    """What was deleted, and what becomes of its runs."""
    if not found:
        return ""
    name = [(item.collection, item.symbol, item.interval) for item in found]
    known = uses.runs_by_series()
    used = sum(known.get(item, 0) for item in name)
    what = f"{named(name)} {'is' if len(name) == 1 else 'are'} in the trash for {trash.DAYS} days."
    return (
        f"{what} Stored results stay: {count(used, 'run')} used {'it' if len(name) == 1 else 'them'}." if used else what
    )


@callback(
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Output(ids.CATALOGUE_DELETED_BAR, "hidden", allow_duplicate=True),
    Input(ids.CATALOGUE_UNDO, "n_clicks"),
    State(ids.CATALOGUE_DELETED, "data"),
    prevent_initial_call=True,
)
def undo(clicks: int | None, deleted: Chosen) -> tuple[float, bool]:
    if not clicks or not deleted:
        raise PreventUpdate
    bring_back(deleted)
    return time.time(), True


@callback(
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Input(ids.TRASH_RESTORE, "n_clicks"),
    State(ids.TRASH_CHOSEN, "data"),
    prevent_initial_call=True,
)
def restore_chosen(clicks: int | None, chosen: Chosen) -> float:
    if not clicks or not chosen:
        raise PreventUpdate
    bring_back(chosen)
    return time.time()


@callback(
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Output(ids.CATALOGUE_DELETED_BAR, "hidden", allow_duplicate=True),
    Input(ids.TRASH_EMPTY_DO, "n_clicks"),
    prevent_initial_call=True,
)
def empty_trash(clicks: int | None) -> tuple[float, bool]:
    if not clicks:
        raise PreventUpdate
    found = trash.removable(all=True)
    trash.empty(found)
    toast(f"{count(len(found), 'series', 'series')} deleted for good.", "ok")
    return time.time(), True


def bring_back(ids_: Iterable[str]) -> None:
    """Out of the trash with these."""
    done, failed = _each(ids_, trash.restore)
    _say(
        f"{named([(item.collection, item.symbol, item.interval) for item in done])} restored." if done else "",
        bool(done),
        failed,
    )


def _each(items: Iterable[Any], act: Callable[[Any], T]) -> tuple[list[T], list[str]]:
    """What came of each, one that fails costing no other, and the sentences on those."""
    done, failed = [], []
    for item in items:
        try:
            done.append(act(item))
        except EngineError as error:
            failed.append(str(error))
    return done, failed


def _say(text: str, is_done: bool, failed: Sequence[str]) -> None:
    more = f" And {len(failed) - 1:,} more could not be." if len(failed) > 1 else ""
    if failed:
        toast(f"{text if is_done else ''} {failed[0]}{more}".strip(), "warn")
    elif is_done:
        toast(text, "ok")


clientside_callback(
    ClientsideFunction("stratoscope", "askName"),
    Output(ids.RENAME_BAR, "hidden"),
    Output(ids.RENAME_SYMBOL, "value"),
    Output(ids.RENAME_COLLECTION, "value"),
    Output(ids.RENAME_SYMBOL_BOX, "hidden"),
    Input(ids.CATALOGUE_RENAME, "n_clicks"),
    Input(ids.RENAME_CANCEL, "n_clicks"),
    Input(ids.CATALOGUE_CHOSEN, "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "askToEmpty"),
    Output(ids.TRASH_EMPTY_BAR, "hidden"),
    Output(ids.TRASH_EMPTY_TEXT, "children"),
    Input(ids.TRASH_EMPTY, "n_clicks"),
    Input(ids.TRASH_EMPTY_CANCEL, "n_clicks"),
    Input(ids.TRASH, "rowData"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "saveSeries"),
    Input(ids.CATALOGUE_CSV, "n_clicks"),
    Input(ids.CATALOGUE_PARQUET, "n_clicks"),
    State(ids.CATALOGUE_CHOSEN, "data"),
    prevent_initial_call=True,
)
