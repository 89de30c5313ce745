"""The panel section with the chart's settings, and the saved layouts of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import (
    ALL,
    ClientsideFunction,
    Input,
    Output,
    State,
    callback,
    clientside_callback,
    dcc,
    html,
    no_update,
    set_props,
)
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard.components import picker
from dashboard.components.static_html import static_html
from dashboard.errors import toast
from dashboard.pages.data import chart_view, ids
from dashboard.pages.data.chart_view import FORM, ChartView, Display, displayed, layouts
from dashboard.pages.data.form import SEEN
from dashboard.runs.form_callbacks import Entered, FormCallbacks, Ids
from dashboard.runs.wiring import entered, wire_parts
from engine.core import named
from engine.core.errors import EngineError, SpecError
from engine.indicators import INDICATORS

_PROBLEMS = {"role": "problem", "page": FORM.page, "path": ALL}


def section(view: ChartView, symbol: str | None) -> Sequence[Component]:
    """The controls, showing ``view`` and ``symbol``."""
    return [
        picker.dialog(FORM.page, INDICATORS),
        dcc.Store(id=ids.CHART_VIEW),
        dcc.Store(id=ids.ZONE),
        SEEN.symbol_row(symbol),
        html.Div(FORM.panel(view.model_dump(mode="json")), id=frame.part("fields", FORM.page)),
        html.Div(id=ids.CHART_PROBLEM, className="run-problem", role="status"),
        *_layouts(),
    ]


def _layouts() -> list[Component]:
    label = html.Label("Saved", htmlFor=ids.LAYOUT, className="f-label")
    choice = dbc.Select(id=ids.LAYOUT, options=_options(), value="", placeholder="Choose a layout", className="select")
    name = dbc.Input(id=ids.LAYOUT_NAME, placeholder="Name", maxLength=named.LONGEST, autoComplete="off", type="text")
    keep = html.Button("Save", id=ids.SAVE_LAYOUT, type="button", className="link-button strong")
    drop = html.Button("Delete", id=ids.DELETE_LAYOUT, type="button", className="link-button")
    titled = html.Label("Save as", htmlFor=ids.LAYOUT_NAME, className="f-label")
    return [
        html.H2("Layouts"),
        html.Div([html.Div(label, className="f-name"), html.Div([choice, drop], className="f-control beside")],
                 className="f"),
        html.Div([html.Div(titled, className="f-name"),
                  html.Div([html.Div(name, className="in"), keep], className="f-control beside")], className="f"),
    ]  # fmt: skip


def _options() -> list[dict[str, str]]:
    try:
        return [{"value": name, "label": name} for name in layouts()]
    except EngineError as error:
        return [{"value": "", "label": str(error)}]


@callback(
    Output(ids.CHART_VIEW, "data"),
    Output(_PROBLEMS, "children"),
    inputs={
        "values": entered(FORM.page, Input),
        "places": State(_PROBLEMS, "id"),
        "said": State(_PROBLEMS, "children"),
    },
)
def check(values: Entered, places: Ids, said: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The settings, or what is wrong with them: then the chart stays as it is."""
    given = FORM.collect([*values["choices"], *values["fields"]], [*values["kinds"], *values["values"]])
    try:
        view = FORM.parse(given)
    except SpecError as error:
        at_field = dict(reversed(error.problems))
        texts = [at_field.get(place["path"], "") for place in places]
        return no_update, _changes(texts, said)
    return displayed(view), _changes([""] * len(places), said)  # type: ignore[arg-type] # the form's spec is a ChartView


def _changes(texts: Sequence[str], said: Sequence[Any]) -> list[Any]:
    """The ``texts`` that are not there yet: the browser goes through the page for each."""
    return [no_update if text == (before or "") else text for text, before in zip(texts, said, strict=True)]


@callback(
    Output(frame.part("fields", FORM.page), "children"),
    Input(ids.LAYOUT, "value"),
    prevent_initial_call=True,
)
def apply(name: str | None) -> Any:
    """The controls of a saved layout."""
    view = layouts().get(name or "")
    if view is None:
        raise PreventUpdate
    return static_html(FORM.panel(view.model_dump(mode="json")))


@callback(
    Input(ids.SAVE_LAYOUT, "n_clicks"),
    State(ids.LAYOUT_NAME, "value"),
    State(ids.CHART_VIEW, "data"),
    prevent_initial_call=True,
)
def save(clicks: int | None, name: str | None, display: Display) -> None:
    """Keep the chart's settings under a name; those under the same name are replaced."""
    if not clicks or not display:
        raise PreventUpdate
    known = chart_view.save(name or "", chart_view.parse(display["spec"]))
    toast(f"Saved as {known}.", "ok")
    set_props(ids.LAYOUT, {"options": _options()})
    set_props(ids.LAYOUT_NAME, {"value": ""})


@callback(
    Input(ids.DELETE_LAYOUT, "n_clicks"),
    State(ids.LAYOUT, "value"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, name: str | None) -> None:
    if not clicks:
        raise PreventUpdate
    if not name or not named.delete(chart_view.KIND, name):
        toast("Choose the layout to delete.", "warn")
        return
    toast(f"Deleted {name}.", "ok")
    set_props(ids.LAYOUT, {"options": _options(), "value": ""})


wire_parts(FormCallbacks(FORM))
picker.wire(FORM.page, INDICATORS)
clientside_callback(ClientsideFunction("stratoscope", "zone"), Output(ids.ZONE, "data"), Input(ids.ZONE, "id"))
