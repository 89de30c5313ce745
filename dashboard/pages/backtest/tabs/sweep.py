"""The tab that sweeps parameters: the map of their results, its plateau, and each run in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from dash import Input, Output, Patch, State, callback, ctx, no_update
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.axes_form import callbacks as axes
from dashboard.charts import parallel, spread
from dashboard.charts import sweep as chart
from dashboard.components import metric, states
from dashboard.components.graph import ids_sub
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.pages.backtest.sweep import controls as control
from dashboard.pages.backtest.sweep import layout as sweep_layout
from dashboard.pages.backtest.sweep import view
from dashboard.pages.backtest.sweep.form import SweepForm
from dashboard.pages.backtest.tab import OPEN, Tab
from dashboard.runs import restated, studies
from dashboard.runs.studies import Study
from dashboard.text import sweeps
from engine.backtest.metrics import METRICS
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.views import best_plateau
from engine.jobs import runner

PAGE = frame.study("backtest", "sweep")
FORM = SweepForm(page=PAGE, spec=SweepSpec, action="Run sweep")
STUDY = Study(
    FORM, "Sweep", sweep_layout.empty, sub="parameters varied around the backtest on the left", panel=FORM.fields
)
TAB = Tab("sweep", "Sweep", lambda: [restated.line(PAGE), *sweep_layout.layout()], STUDY)

RESULT_ID = frame.result(PAGE)

axes.wire(FORM)
restated.wire(PAGE)


@callback(
    Output(ids.SWEEP_VIEW, "data"),
    Output(ids.SWEEP_KPIS, "children"),
    Output(ids.SWEEP_EXPECTED_MAXIMUM, "children"),
    Output(frame.figure(ids.SWEEP_MAP), "data"),
    Output(ids_sub(ids.SWEEP_MAP), "children"),
    Output(ids.SWEEP_CONTOUR, "children"),
    *(Output(id_, prop) for _, id_, _ in sweep_layout.CONTROLS for prop in ("options", "value")),
    *(Output(f"{id_}-box", "hidden") for _, id_, _ in sweep_layout.CONTROLS),
    *(Output(ids.SWEEP_AT, prop) for prop in ("max", "value")),
    Output(f"{ids.SWEEP_AT}-box", "hidden"),
    Output(ids.SWEEP_AT_TEXT, "children"),
    inputs={
        "data": Input(RESULT_ID, "data"),
        "tab": OPEN,
        "clicks": Input(ids.SWEEP_CONTOUR, "n_clicks"),
        "at": Input(ids.SWEEP_AT, "value"),
        "chosen": {name: Input(id_, "value") for name, id_, _ in sweep_layout.CONTROLS},
        "drawn": State(ids.SWEEP_VIEW, "data"),
    },
)
def draw(
    data: runs.ResultData, tab: str, clicks: int | None, at: Any, chosen: Mapping[str, Any], drawn: Any
) -> tuple[Any, ...]:
    """All that is in sight when a result arrives, and again whenever the map is to show something else."""
    if tab != TAB.name or not data or "spec" not in data:
        raise PreventUpdate
    values = {"key": data.get("key"), "contour": bool((clicks or 0) % 2), "at": at}
    values |= {name: value or "" for name, value in chosen.items()}
    if values == drawn:
        raise PreventUpdate
    _, result = runs.opened(data, SweepSpec)
    shown = control.view_of(result, control.swapped(values, drawn))
    return *_top(result, shown, values), *control.controls(result, shown)


def _top(result: Any, shown: chart.View, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """The state that is drawn, key metrics, the line on the expected maximum, and the map."""
    best, plateau, found = (
        view.best(result, shown),
        best_plateau(result, symbol=shown.symbol),
        sweeps.expected_maximum(result, shown.symbol),
    )
    marks = [("plateau", plateau.index if plateau else None), ("best", best)]
    info = chart.info(result, shown, sweeps.axis_labels(result), [(name, at) for name, at in marks if at is not None])
    drawn = {**values, **control.asked(result, shown)}
    figure = chart.figure(info, values["contour"], keep=f"{values['key']} {shown.x} {shown.y}")
    strip = metric.cells(view.kpis(result, shown, found, best, plateau))
    return (
        drawn,
        strip,
        view.honesty(result, found),
        figure,
        view.about(info, result, shown),
        control.switch(info, values["contour"]),
    )


@callback(
    Output(frame.figure(ids.SWEEP_MAP), "data", allow_duplicate=True),
    Input(ids.SWEEP_VIEW, "data"),
    Input(frame.field(PAGE, FORM.base), "value"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def mark_form(drawn: Any, base: str | None, data: runs.ResultData) -> Any:
    """A ring on the map at the parameters in the page's form: those of the run that was opened from it last."""
    _, result = runs.opened(data, SweepSpec)
    if not drawn or not data or drawn.get("key") != data.get("key"):
        raise PreventUpdate
    shown = control.view_of(result, drawn)
    figure = Patch()
    for place, trace in enumerate(chart.here_rings(control.form_mark(result, shown, base), shown.y is None), 1):
        figure["data"][place] = trace.to_plotly_json()
    return figure


@callback(
    Output(frame.figure(ids.SWEEP_SPREAD), "data"),
    Output(ids_sub(ids.SWEEP_SPREAD), "children"),
    Output(frame.figure(ids.SWEEP_PARALLEL), "data"),
    Output(ids_sub(ids.SWEEP_PARALLEL), "children"),
    Output(ids.SWEEP_TABLE, "columnDefs"),
    Output(ids.SWEEP_TABLE, "rowData"),
    Input(ids.SWEEP_VIEW, "data"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def draw_below(drawn: Any, data: runs.ResultData) -> tuple[Any, ...]:
    """What lies further down, once the map is there."""
    _, result = runs.opened(data, SweepSpec)
    shown = control.view_of(result, drawn or {})
    values, maximum = result.metric(shown.metric, shown.symbol), sweeps.expected_maximum(result, shown.symbol)
    is_choice = not result.no_choice()
    values = np.where(result.choosable, values, np.nan) if is_choice else values
    bars = spread.info(shown.metric, values, maximum.expected if shown.metric == "sharpe" else None, best=is_choice)
    ranked = result.ranked(shown.metric, shown.symbol)
    lines = parallel.info(result.parameters, ranked, sweeps.axis_labels(result), shown.metric)
    nothing = states.no_figure(result.no_choice() or f"No combination has a {METRICS[shown.metric].title}.")
    figures = spread.figure(bars) if bars else nothing, parallel.figure(lines) if lines else nothing
    return (
        figures[0], view.spread_words(bars), figures[1], view.parallel_words(lines),
        view.columns(result), view.rows(result, shown.metric, shown.symbol, sweep_layout.TABLED),
    )  # fmt: skip


@callback(
    Output(ids.SWEEP_CARD, "children"),
    Output(ids.SWEEP_SYMBOLS_BOX, "hidden"),
    Output(ids.SWEEP_SYMBOLS, "columnDefs"),
    Output(ids.SWEEP_SYMBOLS, "rowData"),
    *(Output(id_, "disabled") for id_ in (ids.SWEEP_BEST, ids.SWEEP_PLATEAU, ids.SWEEP_OPEN)),
    Input(ids.SWEEP_VIEW, "data"),
    Input(ids.SWEEP_CHOSEN, "data"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def show_combination(drawn: Any, chosen: Any, data: runs.ResultData) -> tuple[Any, ...]:
    """One combination in words, by symbol where there are several."""
    _, result = runs.opened(data, SweepSpec)
    shown = control.view_of(result, drawn or {})
    index, no_best = control.chosen(result, shown, chosen), bool(result.no_choice())
    if index is None:
        return view.CHOOSE, True, [], [], no_best, no_best, True
    columns, rows = view.symbol_table(result, index, control.WHOLE)
    words = view.combination(result, index, shown.symbol)
    return words, not result.parts, columns, rows, no_best, no_best, False


@callback(
    Output(ids.SWEEP_CHOSEN, "data"),
    Output(ids.SWEEP_TABLE, "selectedRows"),
    Output(ids.SWEEP_SYMBOLS, "selectedRows"),
    Output(frame.graph(ids.SWEEP_MAP), "clickData"),
    Output(ids.SWEEP_SYMBOL, "value", allow_duplicate=True),
    inputs={
        "clicked": {
            "point": Input(frame.graph(ids.SWEEP_MAP), "clickData"),
            "rows": Input(ids.SWEEP_TABLE, "selectedRows"),
            "symbols": Input(ids.SWEEP_SYMBOLS, "selectedRows"),
        },
        "buttons": {id_: Input(id_, "n_clicks") for id_ in (ids.SWEEP_OPEN, ids.SWEEP_BEST, ids.SWEEP_PLATEAU)},
        "chosen": State(ids.SWEEP_CHOSEN, "data"),
        "drawn": State(ids.SWEEP_VIEW, "data"),
        "data": State(RESULT_ID, "data"),
    },
    prevent_initial_call=True,
)
def choose(clicked: control.Clicked, buttons: Any, chosen: Any, drawn: Any, data: runs.ResultData) -> tuple[Any, ...]:
    """A combination becomes the chosen one, or is opened in full; or the map turns to a symbol."""
    _, result = runs.opened(data, SweepSpec)
    shown = control.view_of(result, drawn or {})
    cause = ctx.triggered_id if isinstance(ctx.triggered_id, str) else ids.SWEEP_MAP
    choice = control.choice(result, shown, cause, clicked, chosen)
    if choice is None:
        raise PreventUpdate
    if choice.opens:
        studies.show(BACKTEST, result.spec_of(choice.index), "performance")
    return {"of": len(result), "index": choice.index}, [], [], None, choice.of or no_update


@callback(
    Output(frame.figure(ids.SWEEP_MAP), "data", allow_duplicate=True),
    Output(ids_sub(ids.SWEEP_MAP), "children", allow_duplicate=True),
    Input(frame.progress(PAGE), "data"),
    State(frame.run(PAGE), "data"),
    State(OPEN.component_id, "active_tab"),
    prevent_initial_call=True,
)
def draw_partial(progress: Any, run: Any, tab: str) -> tuple[Any, Any]:
    """The map so far, while the sweep runs."""
    partial = (progress or {}).get("partial")
    if tab != TAB.name or not partial or not run:
        raise PreventUpdate
    spec = runner.load_spec(run["spec"])
    if not isinstance(spec, SweepSpec):
        raise PreventUpdate
    info = chart.live(partial, "sharpe", sweeps.requested_axis_labels(spec))
    return chart.figure(info, keep="partial"), "Sharpe so far"
