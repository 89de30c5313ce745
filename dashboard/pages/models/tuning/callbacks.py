"""The tab that tunes the model in the page's form, and its callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, State, callback, ctx
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.axes_form import callbacks as axes
from dashboard.charts import parallel
from dashboard.charts.models import importance
from dashboard.charts.tuning import contour, history, slices
from dashboard.components import metric, states
from dashboard.components.controls import labelled
from dashboard.components.graph import ids_sub
from dashboard.pages.models import ids
from dashboard.pages.models.form import FORM as MODEL
from dashboard.pages.models.tuning import layout, view
from dashboard.pages.models.tuning.form import TuningForm
from dashboard.runs import restated, studies
from dashboard.runs.studies import Study
from dashboard.runs.tabs import Tab
from dashboard.security.payloads import Draft, Progress, Rows, Run
from dashboard.text.model_scores import TITLES, form_of
from engine.jobs import runner
from engine.models.tuning import kept
from engine.models.tuning.result import TuningResult
from engine.models.tuning.spec import TuningSpec

PAGE = frame.study("models", "tune")
FORM = TuningForm(page=PAGE, spec=TuningSpec, action="Run tuning")
STUDY = Study(FORM, "Tuning", layout.empty, sub="parameters of the model on the left", panel=FORM.fields, stop="Pause")
TAB = Tab("tune", "Tune", lambda: [restated.line(PAGE), *layout.layout()], STUDY)
RESULT = frame.result(PAGE)
ONE_AXIS = "A contour needs two axes with several values, and a few complete trials."
SAME_AXIS = "Choose two different axes."
NO_IMPORTANCE = "Too few complete trials, or all of them score alike."

axes.wire(FORM)
restated.wire(PAGE)


@callback(
    Output(ids.TUNING_KPIS, "children"),
    Output(ids.TUNING_WORTH, "children"),
    Output(frame.figure(ids.TUNING_HISTORY), "data"),
    Output(frame.figure(ids.TUNING_IMPORTANCE), "data"),
    Output(frame.figure(ids.TUNING_PARALLEL), "data"),
    Output(ids.TUNING_TABLE, "columnDefs"),
    Output(ids.TUNING_TABLE, "rowData"),
    Output(ids_sub(ids.TUNING_HISTORY), "children"),
    Output(ids_sub(ids.TUNING_IMPORTANCE), "children"),
    Input(RESULT, "data"),
)
def draw(data: runs.ResultData) -> tuple[Any, ...]:
    _, result = runs.opened(data, TuningSpec)
    found, shares = result.deflated(view.tried(result)), view.importance(result)
    drawn = history.figure(history.info(result, found.expected if found else None))
    return (
        metric.cells(view.kpis(result, found)),
        view.worth(result, found),
        drawn,
        importance.figure(shares) if shares else states.no_figure(NO_IMPORTANCE),
        lines(result),
        view.columns(result),
        view.rows(result, layout.TABLED),
        f"mean {TITLES[result.metric]} over the folds; click to choose one",
        "share of variance",
    )


def lines(result: TuningResult) -> Any:
    """The complete trials across their axes."""
    at, sides, name = result.complete, view.axis_labels(result), result.metric
    form = {"title": TITLES[name], "form": form_of(name, result.score[at]), "log": result.log, "sign": result.sign}
    found = parallel.of_trials(result.values[at], result.score[at], sides, **form)
    return parallel.figure(found) if found else states.no_figure(NO_IMPORTANCE)


@callback(
    *(Output(id_, prop) for _, id_, _ in layout.CONTROLS for prop in ("options", "value")),
    Output(f"{ids.TUNING_Y}-box", "hidden"),
    Input(RESULT, "data"),
    *(State(id_, "value") for _, id_, _ in layout.CONTROLS),
)
def offer(data: runs.ResultData, x: str | None, y: str | None) -> tuple[Any, ...]:
    """The axes, what matters most first; what is chosen stays where it is one of them."""
    _, result = runs.opened(data, TuningSpec)
    shares = dict(zip(result.axes, result.importance.tolist(), strict=False))
    ranked = sorted(result.axes, key=lambda path: -shares.get(path, 0.0))
    first = x if x in ranked else ranked[0]
    others = [path for path in ranked if path != first]
    second = y if y in others else next(iter(others), "")
    options = labelled([(side.path, side.title) for side in view.axis_labels(result)])
    return options, first, options, second, not others


@callback(
    Output(frame.figure(ids.TUNING_SLICE), "data"),
    Output(frame.figure(ids.TUNING_CONTOUR), "data"),
    Input(ids.TUNING_X, "value"),
    Input(ids.TUNING_Y, "value"),
    Input(RESULT, "data"),
)
def draw_axes(x: str | None, y: str | None, data: runs.ResultData) -> tuple[Any, Any]:
    _, result = runs.opened(data, TuningSpec)
    known = {side.path: side for side in view.axis_labels(result)}
    if x not in known:
        raise PreventUpdate
    plane = contour.info(result, known[x], known[y]) if y in known and y != x else None
    return slices.figure(slices.info(result, known[x])), (
        contour.figure(plane) if plane else states.no_figure(SAME_AXIS if x == y else ONE_AXIS)
    )


@callback(
    Output(ids.TUNING_CHOSEN, "data"),
    Output(ids.TUNING_TABLE, "selectedRows"),
    Output(frame.graph(ids.TUNING_HISTORY), "clickData"),
    Output(frame.graph(ids.TUNING_SLICE), "clickData"),
    Input(frame.graph(ids.TUNING_HISTORY), "clickData"),
    Input(frame.graph(ids.TUNING_SLICE), "clickData"),
    Input(ids.TUNING_TABLE, "selectedRows"),
    Input(ids.TUNING_BEST, "n_clicks"),
    State(RESULT, "data"),
    prevent_initial_call=True,
)
def choose(history: Any, sliced: Any, rows: Rows, best: int | None, data: runs.ResultData) -> tuple[Any, ...]:
    """The trial that was clicked."""
    _, result = runs.opened(data, TuningSpec)
    found: int | None = result.best if ctx.triggered_id == ids.TUNING_BEST and best else None
    if ctx.triggered_id == ids.TUNING_TABLE:
        found = place_in(rows)
    elif isinstance(ctx.triggered_id, dict):
        clicked = history if ctx.triggered_id == frame.graph(ids.TUNING_HISTORY) else sliced
        found = place_of(clicked)
    if found is None or not 0 <= found < len(result):
        raise PreventUpdate
    return {"key": (data or {}).get("key"), "trial": found}, [], None, None


def place_of(clicked: Any) -> int | None:
    """The index of a dot that was clicked: its number is what the slice carries, and where the history has it."""
    try:
        point = clicked["points"][0]
        number = float(point.get("customdata", point["x"]))
    except (TypeError, KeyError, IndexError, ValueError, AttributeError):
        return None
    return int(number) - 1 if abs(number) < 1e9 else None


def place_in(rows: Rows) -> int | None:
    """The index of the row that was clicked."""
    id_ = rows[0].get("id") if rows and isinstance(rows[0], Mapping) else None
    return int(id_) if isinstance(id_, str) and id_.isascii() and id_.isdigit() and len(id_) < 9 else None


@callback(Output(ids.TUNING_CARD, "children"), Input(ids.TUNING_CHOSEN, "data"), Input(RESULT, "data"))
def show_trial(chosen: Any, data: runs.ResultData) -> Any:
    _, result = runs.opened(data, TuningSpec)
    return view.trial(result, place(result, chosen, data))


def place(result: TuningResult, chosen: Any, data: runs.ResultData) -> int:
    """The trial that was chosen of this result, else the best."""
    is_its_own = isinstance(chosen, Mapping) and chosen.get("key") == (data or {}).get("key")
    found = chosen.get("trial") if is_its_own else None
    return found if isinstance(found, int) and 0 <= found < len(result) else result.best


@callback(
    Input(ids.TUNING_USE, "n_clicks"),
    Input(ids.TUNING_TRAIN, "n_clicks"),
    State(ids.TUNING_CHOSEN, "data"),
    State(RESULT, "data"),
    prevent_initial_call=True,
)
def hand_over(use: int | None, train: int | None, chosen: Any, data: runs.ResultData) -> None:
    """The values of the trial go into the page's form, and are trained if that was asked for."""
    _, result = runs.opened(data, TuningSpec)
    trains = ctx.triggered_id == ids.TUNING_TRAIN
    if not (train if trains else use):
        raise PreventUpdate
    spec = result.spec_of(place(result, chosen, data))
    studies.show(MODEL, spec, "score" if trains else TAB.name, run=trains)


@callback(
    Output(frame.figure(ids.TUNING_HISTORY), "data", allow_duplicate=True),
    Input(frame.progress(PAGE), "data"),
    prevent_initial_call=True,
)
def draw_partial(progress: Progress | None) -> Any:
    """The trials so far, while they run."""
    if not progress or not progress["partial"]:
        raise PreventUpdate
    return history.figure(history.live(progress["partial"]))


@callback(
    Output(ids.TUNING_KEPT, "hidden"),
    Output(ids.TUNING_KEPT_WORDS, "children"),
    Input(frame.draft(PAGE), "data"),
    Input(RESULT, "data"),
    Input(frame.run(PAGE), "data"),
)
def tell_kept(draft: Draft | None, result: runs.ResultData, run: Run | None) -> tuple[bool, str]:
    """What is kept of the search that the form asks for, where it was begun and is neither under way nor done."""
    spec = runner.load_spec(draft["spec"]) if draft else None
    is_under_way = bool(run and draft and run["spec"] == draft["spec"] and not result)
    if not isinstance(spec, TuningSpec) or is_under_way or runner.is_stored(spec):
        return True, ""
    done = kept.count(kept.search_key(spec))
    words = view.kept(spec, done) if done else ""
    return not words, words


@callback(
    Output(frame.part("run-button", PAGE), "n_clicks"),
    Input(ids.TUNING_CONTINUE, "n_clicks"),
    State(frame.part("run-button", PAGE), "n_clicks"),
    prevent_initial_call=True,
)
def go_on(clicks: int | None, runs_so_far: int | None) -> int:
    """As if the button below had been pressed."""
    if not clicks:
        raise PreventUpdate
    return (runs_so_far or 0) + 1
