"""The library's table, and the previews that are made while it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, callback

from dashboard.pages.library import editing, ids
from dashboard.pages.library.layout import ANY
from dashboard.pages.library.rows import rows
from dashboard.text.format import count
from engine.research import previews, shelf
from engine.research.shelf import Wanted

FILTERS = {
    "kind": Input(ids.KIND, "value"),
    "grade": Input(ids.VERDICT, "value"),
    "symbol": Input(ids.SYMBOL, "value"),
    "text": Input(ids.SEARCH, "value"),
    "shelf": Input(ids.SHELF, "value"),
}
STATES = {name: State(item.component_id, item.component_property) for name, item in FILTERS.items()}


@callback(
    Output(ids.LISTED, "rowData"),
    Output(ids.COUNT, "children"),
    Output(ids.SYMBOL, "options"),
    Output(ids.AGAIN, "disabled"),
    inputs={"filters": FILTERS, "changed": Input(ids.CHANGED, "data")},
)
def show(filters: Mapping[str, Any], changed: Any = None) -> tuple[Any, ...]:
    """What meets the filters, with the verdicts that are known."""
    every, wanted = shelf.every(in_bin=is_bin(filters)), wanted_by(filters)
    found = [entry for entry in every if wanted.holds(entry)]
    words = counted(len(found), len(every))
    return rows(found, previews.stamp()), words, shelf.symbols(every), not shelf.waiting(found)


@callback(
    Output(ids.LISTED, "rowTransaction"),
    Output(ids.COUNT, "children", allow_duplicate=True),
    Output(ids.AGAIN, "disabled", allow_duplicate=True),
    Output(ids.AGAIN, "n_intervals"),
    inputs={"_": Input(ids.AGAIN, "n_intervals"), "filters": STATES},
    prevent_initial_call=True,
)
def refresh_verdicts(_: int | None, filters: Mapping[str, Any]) -> tuple[Any, ...]:
    """Some of the verdicts that were missing, or count fewer trials than there are by now. The next are asked for once
    these have come: on a busy machine questions would pile up.
    """
    every, wanted = shelf.every(in_bin=is_bin(filters)), wanted_by(filters)
    found = [entry for entry in every if wanted.holds(entry)]
    waiting = shelf.waiting(found)
    made = shelf.refresh(waiting)
    left = len(waiting) - len(made)
    return {"update": rows(made, previews.stamp())}, counted(len(found), len(every), left), not left, 0


def wanted_by(filters: Mapping[str, Any]) -> Wanted:
    """What the filters say; whatever else a browser sends is no condition."""
    given = {name: value for name, value in filters.items() if name != "shelf"}
    return Wanted(**{name: value for name, value in given.items() if isinstance(value, str) and value != ANY})


def is_bin(filters: Mapping[str, Any]) -> bool:
    """Whether the bin is what is looked into."""
    return filters.get("shelf") == "bin"


def counted(found: int, total: int, missing: int = 0) -> str:
    """How many are listed, of how many, and how many verdicts are still to come."""
    words = count(total, "entry", "entries") if found == total else f"{found:,} of {total:,}"
    return f"{words}, {count(missing, 'verdict')} to come" if missing else words


editing.wire()
