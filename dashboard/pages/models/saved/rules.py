"""The rules of a model in service: shown, changed, and given back to config.yaml."""

from __future__ import annotations

import time
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, ctx, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import shell
from dashboard.components import card
from dashboard.pages.models import ids
from dashboard.runs.saved_runs import keys_of
from dashboard.security.payloads import Rows
from engine.core.config import Rules
from engine.core.errors import EngineError
from engine.models.service import roles
from engine.research.service import rules

FIELDS = {
    "input_drift": ("Drift of an input over", "σ", 0.05),
    "output_drift": ("Drift of the predictions over", "σ", 0.05),
    "ic_below": ("Rank IC below", "", 0.01),
    "least_labels": ("with at least this many labels", "", 10),
    "commission": ("Commission", "bp", 0.5),
    "slippage": ("Slippage", "bp", 0.5),
}
"""Title, unit and step of each rule."""
_INPUTS = [State(ids.rule(name), "value") for name in FIELDS]


def card_view() -> Component:
    """The form."""
    tools = [
        html.Button("Save", id=ids.RULES_SAVE, className="link-button strong", type="button"),
        html.Button("As in config.yaml", id=ids.RULES_RESET, className="link-button", type="button"),
    ]
    lines = [_line(name, *about) for name, about in FIELDS.items()]
    body = [html.Div(lines, className="service-rules"), html.P(id=ids.RULES_OWN, className="hint pad")]
    return card.card("Rules", body, sub="what raises an alert", tools=tools)


def _line(name: str, title: str, unit: str, step: float) -> Component:
    control = dbc.Input(id=ids.rule(name), type="number", step=step, autoComplete="off", inputMode="decimal")
    box = html.Div([control, html.Span(unit, className="unit")] if unit else [control], className="in")
    return html.Label([html.Span(title), box], htmlFor=ids.rule(name))


@callback(
    *(Output(ids.rule(name), "value") for name in FIELDS),
    Output(ids.RULES_OWN, "children"),
    Input(ids.IN_SERVICE, "selectedRows"),
    Input(ids.IN_SERVICE, "rowData"),
)
def fill(chosen: Rows, listed: Rows) -> tuple[Any, ...]:
    name = _name(chosen, listed)
    found: Rules = rules.rules_of(name)
    own = f"Rules of {name} alone." if rules.has_own(name) else "Those of config.yaml, or their defaults."
    return *(getattr(found, field) for field in FIELDS), own


@callback(
    Output(ids.IN_SERVICE_CHANGED, "data", allow_duplicate=True),
    Input(ids.RULES_SAVE, "n_clicks"),
    Input(ids.RULES_RESET, "n_clicks"),
    State(ids.IN_SERVICE, "selectedRows"),
    State(ids.IN_SERVICE, "rowData"),
    *_INPUTS,
    prevent_initial_call=True,
)
def change(saved: int | None, reset: int | None, chosen: Rows, listed: Rows, *values: Any) -> Any:
    name = _name(chosen, listed)
    if not (saved or reset) or not name:
        raise PreventUpdate
    try:
        if ctx.triggered_id == ids.RULES_RESET:
            rules.reset(name)
        else:
            rules.keep(name, dict(zip(FIELDS, values, strict=True)))
    except EngineError as error:
        shell.toast(str(error), tone="warn")
        return no_update
    shell.toast(f"The rules of {name} hold from its next score on.", tone="ok")
    return time.time()


def _name(chosen: Rows, listed: Rows) -> str:
    """The name of the selected model, of the first where none is; empty where none is in service."""
    name = next(iter(keys_of(chosen) or keys_of(listed)), "").partition("@")[0]
    return name if any(item.name == name for item in roles.every()) else ""
