"""Actions on an entry of the library: name, tag, pin, delete into the bin and restore."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from dash import Input, Output, State, callback, ctx

from dashboard import shell
from dashboard.pages.library import ids
from dashboard.runs import saved_sets
from dashboard.runs.saved_runs import binned, kept_keys, keys_of, pressed, put_away, take_back, typed
from dashboard.security.payloads import Edit, Rows
from dashboard.text.format import count
from engine.jobs import library

BUTTONS = (ids.DELETE_TICKED, ids.RESTORE_TICKED, ids.UNDO, ids.EMPTY_BIN)


def wire() -> None:
    """Register the callbacks."""
    callback(
        Output(ids.DELETE_TICKED, "disabled"),
        Output(ids.RESTORE_TICKED, "disabled"),
        Output(ids.EMPTY_BIN, "disabled"),
        Input(ids.LISTED, "selectedRows"),
        Input(ids.SHELF, "value"),
        Input(ids.LISTED, "rowData"),
    )(enable)
    callback(Output(ids.CHANGED, "data"), Input(ids.LISTED, "cellValueChanged"), prevent_initial_call=True)(edit)
    callback(
        Output(ids.CHANGED, "data", allow_duplicate=True),
        Output(ids.DELETED, "data"),
        Output(ids.LISTED, "selectedRows"),
        inputs={
            "cell": Input(ids.LISTED, "cellRendererData"),
            "buttons": [Input(name, "n_clicks") for name in BUTTONS],
            "ticked": State(ids.LISTED, "selectedRows"),
            "deleted": State(ids.DELETED, "data"),
        },
        prevent_initial_call=True,
    )(act)
    callback(
        Output(ids.DELETED_BAR, "hidden"), Output(ids.DELETED_TEXT, "children"), Input(ids.DELETED, "data")
    )(offer_undo)  # fmt: skip


def enable(chosen: Rows, shelf: Any, listed: Any) -> tuple[bool, bool, bool]:
    some, in_bin = bool(keys_of(chosen)), shelf == "bin"
    return not some or in_bin, not some or not in_bin, not in_bin or not listed


def edit(changes: Sequence[Edit] | None) -> float:
    typed(changes)
    return time.time()


def act(cell: Any, buttons: Any, ticked: Any, deleted: Any) -> tuple[float, list[str], list[Any]]:
    """When the table changed, what can be undone, and nothing selected any more."""
    by = ctx.triggered_id
    if by == ids.LISTED:
        kept = pressed(cell)
    elif by == ids.DELETE_TICKED:
        kept = put_away(keys_of(ticked))
    elif by == ids.RESTORE_TICKED:
        kept = take_back(keys_of(ticked))
    elif by == ids.UNDO:
        kept = take_back(kept_keys(deleted))
    else:
        kept = emptied()
    return time.time(), kept, []


def offer_undo(deleted: Any) -> tuple[bool, str]:
    said = binned(deleted, "entries")
    return not said, said


def emptied() -> list[str]:
    """Nothing is left in the bin, nor to undo."""
    gone = library.purge() + saved_sets.purge()
    shell.toast(f"{count(gone, 'entry', 'entries')} deleted. Their trials remain counted.", tone="ok")
    return []
