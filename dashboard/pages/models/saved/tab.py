"""Visibility of these tabs, as their callbacks learn of it."""

from __future__ import annotations

from dash import ALL, ClientsideFunction, Input, Output, State, clientside_callback

from dashboard import ids as frame
from dashboard.components.tabs import line_id

GROUP = "models"


def seen_id(name: str) -> frame.Id:
    """Store: filled anew whenever the tab ``name`` is opened."""
    return {"role": "seen", "page": GROUP, "tab": name}


def seen(name: str) -> Input:
    """What the callbacks of the tab ``name`` start from."""
    return Input(seen_id(name), "data")


clientside_callback(
    ClientsideFunction("stratoscope", "seen"),
    Output({"role": "seen", "page": GROUP, "tab": ALL}, "data"),
    Input(frame.result(GROUP), "data"),
    Input(line_id(GROUP), "active_tab"),
    State(frame.result(GROUP), "data"),
    State({"role": "seen", "page": GROUP, "tab": ALL}, "data"),
    State({"role": "seen", "page": GROUP, "tab": ALL}, "id"),
)
