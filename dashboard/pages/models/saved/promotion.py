"""Buttons of the registry that put the selected version into service, and take it out."""

from __future__ import annotations

import time
from typing import Any

from dash import Input, Output, State, callback, ctx, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import shell
from dashboard.pages.models import ids
from dashboard.runs.saved_runs import keys_of
from dashboard.security.payloads import Rows
from engine.core.errors import EngineError
from engine.models.service import promoted
from engine.models.service.roles import ROLES

_BUTTONS = {ids.PROMOTE_CHAMPION: ROLES[0], ids.PROMOTE_CHALLENGER: ROLES[1], ids.DEMOTE: ""}


def buttons() -> list[Component]:
    titles = {
        ids.PROMOTE_CHAMPION: ("Champion", "Put the selected version into service as the one in use"),
        ids.PROMOTE_CHALLENGER: (
            "Challenger",
            "Put the selected version into service to be compared with the champion",
        ),
        ids.DEMOTE: ("Out of service", "Take its role from the selected version"),
    }
    return [
        html.Button(text, id=id_, className="button in-saved", type="button", disabled=True, title=title)
        for id_, (text, title) in titles.items()
    ]


@callback(
    *(Output(id_, "disabled") for id_ in _BUTTONS),
    Input(ids.REGISTRY, "selectedRows"),
    Input(ids.REGISTRY, "rowData"),
    Input(ids.REGISTRY_SHELF, "value"),
)
def enable(chosen: Rows, listed: Rows, shelf: str | None) -> tuple[bool, ...]:
    """What the selected version is not already."""
    wanted = next(iter(keys_of(chosen)), "")
    row = next((row for row in listed or () if row.get("key") == wanted), None)
    role = str(row.get("role", "")) if row else ""
    usable = row is not None and shelf != "bin"
    return not usable or role == ROLES[0], not usable or role == ROLES[1], not usable or not role


@callback(
    Output(ids.REGISTRY_CHANGED, "data", allow_duplicate=True),
    *(Input(id_, "n_clicks") for id_ in _BUTTONS),
    State(ids.REGISTRY, "selectedRows"),
    prevent_initial_call=True,
)
def change(champion: int | None, challenger: int | None, out: int | None, chosen: Rows) -> Any:
    reference, role = next(iter(keys_of(chosen)), ""), _BUTTONS.get(str(ctx.triggered_id), "")
    if not (champion or challenger or out) or not reference:
        raise PreventUpdate
    try:
        found = promoted.promote(reference, role) if role else promoted.demote(reference)
    except EngineError as error:
        shell.toast(str(error), tone="warn")
        return no_update
    told = f"is the {role} of {found.name}" if role else "is not in service any more"
    shell.toast(f"{found.reference} {told}.", tone="ok")
    return time.time()
