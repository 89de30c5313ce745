"""The panel section with the chart's settings, and the saved layouts of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

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
from dashboard.runs.form_callbacks import Entered, FormCallbacks, Ids
from dashboard.runs.wiring import entered, wire_parts
from engine.core import named
from engine.core.errors import SpecError
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
        LAYOUTS.fold("Range, style, scale, clock and indicators of the chart."),
    ]


LAYOUTS = Saved(ids.LAYOUT, "Layouts", lambda: list(layouts()), partial(named.delete, chart_view.KIND))
LAYOUTS.wire()


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
    State(LAYOUTS.name, "value"),
    State(ids.CHART_VIEW, "data"),
    prevent_initial_call=True,
)
def save(clicks: int | None, name: str | None, display: Display) -> None:
    """Keep the chart's settings under a name; those under the same name are replaced."""
    if not clicks or not display:
        raise PreventUpdate
    LAYOUTS.refresh(f"Saved as {chart_view.save(name or '', chart_view.parse(display['spec']))}.")


wire_parts(FormCallbacks(FORM))
picker.wire(FORM.page, INDICATORS)
clientside_callback(ClientsideFunction("stratoscope", "zone"), Output(ids.ZONE, "data"), Input(ids.ZONE, "id"))
