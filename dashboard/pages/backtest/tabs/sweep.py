"""The tab that sweeps parameters: the map of their results, its plateau, and each run in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from dash import Input, Output, Patch, State, callback, ctx, no_update
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.axes_form import callbacks as axes
from dashboard.charts import parallel, sweep_distribution
from dashboard.charts import sweep as chart
from dashboard.charts import sweep_importance as by_axis
from dashboard.charts.sweep_cells import View
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
from engine.backtest.sweeps.importance import importance, slice_along
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.views import Plateau, best_plateau
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
        "chosen": {name: Input(id_, "value") for name, id_ in sweep_layout.ASKED},
        "drawn": State(ids.SWEEP_VIEW, "data"),
        "window": State(ids.SWEEP_WINDOW, "data"),
    },
)
def draw(
    data: runs.ResultData,
    tab: str,
    clicks: int | None,
    at: Any,
    chosen: Mapping[str, Any],
    drawn: Any,
    window: Any = None,
) -> tuple[Any, ...]:
    """All that is in sight when a result arrives, and again whenever the map is to show something else."""
    if tab != TAB.name or not data or "spec" not in data:
        raise PreventUpdate
    values = {"key": data.get("key"), "contour": bool((clicks or 0) % 2), "at": at}
    values |= {name: value or "" for name, value in chosen.items()}
    if values == drawn:
        raise PreventUpdate
    result = control.demanding(runs.opened(data, SweepSpec)[1], values)
    shown = control.view_of(result, control.swapped(values, drawn))
    shown = replace(shown, window=control.window_of(window, _keep(values, shown)))
    return *_top(result, shown, values), *control.controls(result, shown)


def _top(result: Any, shown: View, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """The state that is drawn, key metrics, the line on the expected maximum, and the map."""
    best, plateau, found = (
        view.best(result, shown),
        best_plateau(result, symbol=shown.symbol),
        sweeps.expected_maximum(result, shown.symbol),
    )
    info = _map(result, shown, best, plateau)
    drawn = {**values, **control.asked(result, shown)}
    figure = chart.figure(info, values["contour"], keep=_keep(values, shown))
    strip = metric.cells(view.kpis(result, shown, found, best, plateau))
    return (
        drawn,
        strip,
        view.honesty(result, found),
        figure,
        view.about(info, result, shown),
        control.switch(info, values["contour"]),
    )


def _keep(values: Mapping[str, Any], shown: View) -> str:
    """While this stays the same, so does the part of the map in sight."""
    return f"{values.get('key')} {shown.x} {shown.y}"


@callback(
    Output(frame.figure(ids.SWEEP_MAP), "data", allow_duplicate=True),
    Output(ids_sub(ids.SWEEP_MAP), "children", allow_duplicate=True),
    Output(ids.SWEEP_WINDOW, "data"),
    Input(frame.graph(ids.SWEEP_MAP), "relayoutData"),
    State(ids.SWEEP_VIEW, "data"),
    State(ids.SWEEP_WINDOW, "data"),
    State(RESULT_ID, "data"),
    State(frame.field(PAGE, FORM.base), "value"),
    prevent_initial_call=True,
)
def zoom(moved: Any, drawn: Any, window: Any, data: runs.ResultData, base: str | None) -> tuple[Any, ...]:
    """The part of a map of tiles that is in sight, in finer ones, down to single combinations."""
    if not drawn or not data or drawn.get("key") != data.get("key"):
        raise PreventUpdate
    result, shown = _seen(data, drawn, window)
    keep, part = _keep(drawn, shown), control.zoomed(shown, moved)
    if part == shown.window or (shown.window is None and not chart.is_coarse(result, shown)):
        raise PreventUpdate
    shown = replace(shown, window=part)
    info = _map(result, shown, view.best(result, shown), best_plateau(result, symbol=shown.symbol))
    form = control.form_mark(result, shown, base)
    figure = chart.figure(info, bool(drawn.get("contour")), keep=keep, form=form)
    return figure, view.about(info, result, shown), {"keep": keep, "range": part}


def _seen(data: runs.ResultData, drawn: Any, window: Any = None) -> tuple[SweepResult, View]:
    """The result with the trades that are asked for, and what the map shows of it."""
    result = control.demanding(runs.opened(data, SweepSpec)[1], drawn or {})
    shown = control.view_of(result, drawn or {})
    return result, replace(shown, window=control.window_of(window, _keep(drawn or {}, shown)))


def _map(result: SweepResult, shown: View, best: int | None, plateau: Plateau | None) -> chart.MapInfo:
    marks = [("plateau", plateau.index if plateau else None), ("best", best)]
    return chart.info(result, shown, sweeps.axis_labels(result), [(name, at) for name, at in marks if at is not None])


@callback(
    Output(frame.figure(ids.SWEEP_MAP), "data", allow_duplicate=True),
    Input(ids.SWEEP_VIEW, "data"),
    Input(frame.field(PAGE, FORM.base), "value"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def mark_form(drawn: Any, base: str | None, data: runs.ResultData) -> Any:
    """A ring on the map at the parameters in the page's form: those of the run that was opened from it last."""
    result, shown = _seen(data, drawn)
    if not drawn or not data or drawn.get("key") != data.get("key"):
        raise PreventUpdate
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
    result, shown = _seen(data, drawn)
    values, maximum = result.metric(shown.metric, shown.symbol), sweeps.expected_maximum(result, shown.symbol)
    is_choice = not result.no_choice()
    values = np.where(result.choosable, values, np.nan) if is_choice else values
    bars = sweep_distribution.info(
        shown.metric, values, maximum.expected if shown.metric == "sharpe" else None, best=is_choice
    )
    ranked = result.ranked(shown.metric, shown.symbol)
    lines = parallel.info(result.parameters, ranked, sweeps.axis_labels(result), shown.metric)
    nothing = states.no_figure(result.no_choice() or f"No combination has a {METRICS[shown.metric].title}.")
    figures = sweep_distribution.figure(bars) if bars else nothing, parallel.figure(lines) if lines else nothing
    return (
        figures[0], view.distribution_words(bars), figures[1], view.parallel_words(lines),
        view.columns(result), view.rows(result, shown.metric, shown.symbol, sweep_layout.TABLED),
    )  # fmt: skip


@callback(
    Output(frame.figure(ids.SWEEP_IMPORTANCE), "data"),
    Output(ids_sub(ids.SWEEP_IMPORTANCE), "children"),
    Output(frame.figure(ids.SWEEP_SLICE_X), "data"),
    Output(ids_sub(ids.SWEEP_SLICE_X), "children"),
    Output(frame.figure(ids.SWEEP_SLICE_Y), "data"),
    Output(ids_sub(ids.SWEEP_SLICE_Y), "children"),
    Input(ids.SWEEP_VIEW, "data"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def draw_axes(drawn: Any, data: runs.ResultData) -> tuple[Any, ...]:
    """How much each parameter matters, and how: along the axes of the map."""
    result, shown = _seen(data, drawn)
    values = np.where(result.traded, result.metric(shown.metric, shown.symbol), np.nan)
    found, sides = importance(result, values), sweeps.axis_labels(result)
    bars = by_axis.shares_figure(by_axis.shares(found, sides)) if found else states.no_figure(view.ALIKE)
    return (
        bars, view.importance_words(found, shown),
        *_sliced(result, shown, values, shown.x), *_sliced(result, shown, values, shown.y),
    )  # fmt: skip


def _sliced(result: SweepResult, shown: View, values: Any, path: str | None) -> tuple[Any, str]:
    """The chart along the axis ``path`` and its subtitle."""
    if path is None or not np.isfinite(values).any():
        return states.no_figure("There is no second axis." if path is None else view.ALIKE), ""
    axis, side = result.axes.index(path), sweeps.axis_labels(result)[result.axes.index(path)]
    ranked = result.best(shown.metric, shown.symbol, 1)
    found = slice_along(result, values, axis, int(ranked[0]) if len(ranked) else None)
    figure = by_axis.slice_figure(found, side, shown.metric, result.held(shown.metric, shown.symbol))
    return figure, f"{METRICS[shown.metric].title}; the band is the middle half"


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
    result, shown = _seen(data, drawn)
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
        "window": State(ids.SWEEP_WINDOW, "data"),
    },
    prevent_initial_call=True,
)
def choose(
    clicked: control.Clicked, buttons: Any, chosen: Any, drawn: Any, data: runs.ResultData, window: Any = None
) -> tuple[Any, ...]:
    """A combination becomes the chosen one, or is opened in full; or the map turns to a symbol."""
    result, shown = _seen(data, drawn, window)
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
