"""The panel section with the chart's settings, and the saved layouts of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from dash import (
    ClientsideFunction,
    Input,
    Output,
    State,
    callback,
    clientside_callback,
    dcc,
    html,
    no_update,
)
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard.components import picker
from dashboard.components.saved import Saved
from dashboard.components.static_html import static_html
from dashboard.pages.data import chart_view, ids
from dashboard.pages.data.chart_view import FORM, ChartView, Display, displayed, layouts
from dashboard.pages.data.form import SEEN
from dashboard.runs.form_callbacks import Entered, FormCallbacks
from dashboard.runs.wiring import entered, show_problems, wire_parts
from engine.core import named
from engine.core.errors import SpecError
from engine.indicators import INDICATORS


def section(view: ChartView, symbol: str | None) -> Sequence[Component]:
    """The controls, showing ``view`` and ``symbol``."""
    return [
        picker.dialog(FORM.page, INDICATORS, FORM.facets),
        dcc.Store(id=ids.CHART_VIEW),
        dcc.Store(id=frame.problems(FORM.page)),
        dcc.Store(id=ids.ZONE),
        dcc.Store(id=ids.CLOCK),
        dcc.Store(id=ids.SCREEN),
        SEEN.symbol_row(symbol),
        html.Div(FORM.panel(view.model_dump(mode="json")), id=frame.part("fields", FORM.page)),
        html.Div(id=ids.CHART_PROBLEM, className="run-problem", role="status"),
        LAYOUTS.fold("Range, style, scale, clock and indicators of the chart."),
    ]


LAYOUTS = Saved(ids.LAYOUT, "Layouts", lambda: list(layouts()), partial(named.delete, chart_view.KIND))
LAYOUTS.wire()


@callback(
    Output(ids.CHART_VIEW, "data"),
    Output(frame.problems(FORM.page), "data"),
    inputs={
        "values": entered(FORM.page, Input),
    },
)
def check(values: Entered) -> tuple[Any, dict[str, str]]:
    """The settings, or what is wrong with them: then the chart stays as it is."""
    given = FORM.collect([*values["choices"], *values["fields"]], [*values["kinds"], *values["values"]])
    try:
        view = FORM.parse(given)
    except SpecError as error:
        return no_update, dict(reversed(error.problems))
    return displayed(view), {}  # type: ignore[arg-type] # the form's spec is a ChartView


@callback(
    Output(frame.part("fields", FORM.page), "children"),
    Input(LAYOUTS.chosen, "value"),
    prevent_initial_call=True,
)
def apply(name: str | None) -> Any:
    """The controls of a saved layout."""
    view = layouts().get(name or "")
    if view is None:
        raise PreventUpdate
    return static_html(FORM.panel(view.model_dump(mode="json")))


@callback(
    Input(LAYOUTS.save, "n_clicks"),
    Input(LAYOUTS.name, "n_submit"),
    State(LAYOUTS.name, "value"),
    State(ids.CHART_VIEW, "data"),
    prevent_initial_call=True,
)
def save(clicks: int | None, entered: int | None, name: str | None, display: Display) -> None:
    """Keep the chart's settings under a name; those under the same name are replaced."""
    if not (clicks or entered) or not display:
        raise PreventUpdate
    LAYOUTS.refresh(f"Saved as {chart_view.save(name or '', chart_view.parse(display['spec']))}.")


wire_parts(FormCallbacks(FORM))
show_problems(FORM.page)
picker.wire(FORM.page, INDICATORS, FORM.facets)
clientside_callback(ClientsideFunction("stratoscope", "zone"), Output(ids.ZONE, "data"), Input(ids.ZONE, "id"))
clientside_callback(ClientsideFunction("stratoscope", "screen"), Output(ids.SCREEN, "data"), Input(ids.SCREEN, "id"))
