"""The tab that chooses on the past and trades on what follows, window after window."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, ctx
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs, shell
from dashboard.axes_form import callbacks as axes
from dashboard.charts.walkforward import curve, parameters, promise, windows
from dashboard.components import metric, states
from dashboard.components.graph import ids_sub
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.pages.backtest.tab import OPEN, Tab
from dashboard.pages.backtest.walkforward import layout as walkforward_layout
from dashboard.pages.backtest.walkforward import view
from dashboard.pages.backtest.walkforward.form import WalkForwardForm
from dashboard.runs import restated, studies
from dashboard.runs.studies import Study
from dashboard.security.payloads import Draft, Run
from dashboard.text.sweeps import axis_labels
from engine.backtest.walkforward.kept import kept_windows
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.spec import canonical_json
from engine.jobs import runner

PAGE = frame.study("backtest", "walkforward")
STOP = "Stop and keep windows"
FORM = WalkForwardForm(page=PAGE, spec=WalkForwardSpec, action="Run walk-forward")
STUDY = Study(
    FORM, "Walk-forward", walkforward_layout.empty, sub="around the backtest on the left", panel=FORM.fields, stop=STOP
)
TAB = Tab("walkforward", "Walk-forward", lambda: [restated.line(PAGE), *walkforward_layout.layout()], STUDY)

RESULT_ID = frame.result(PAGE)

axes.wire(FORM)
restated.wire(PAGE)


@callback(
    Output(ids.WALK_VERDICT, "children"),
    Output(ids.WALK_KPIS, "children"),
    Output(frame.figure(ids.WALK_CURVE), "data"),
    Output(ids_sub(ids.WALK_CURVE), "children"),
    Output(ids.WALK_TABLE, "columnDefs"),
    Output(ids.WALK_TABLE, "rowData"),
    Output(ids.WALK_PART, "hidden"),
    Output(ids.WALK_PART_WORDS, "children"),
    Input(RESULT_ID, "data"),
    OPEN,
)
def draw(data: runs.ResultData, tab: str) -> tuple[Any, ...]:
    """What is in sight first."""
    result = _result(data, tab)
    figure = curve.figure(curve.info(result))
    return (
        view.verdict(result), metric.cells(view.kpis(result)), figure, "growth of 1, all test windows combined",
        view.columns(result), view.rows(result), not result.left, view.part(result),
    )  # fmt: skip


@callback(
    Output(frame.figure(ids.WALK_PLAN), "data"),
    Output(ids_sub(ids.WALK_PLAN), "children"),
    Output(frame.figure(ids.WALK_PROMISE), "data"),
    Output(ids_sub(ids.WALK_PROMISE), "children"),
    Output(frame.figure(ids.WALK_PATHS), "data"),
    Output(ids_sub(ids.WALK_PATHS), "children"),
    Input(ids.WALK_KPIS, "children"),
    OPEN,
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def draw_below(_: Any, tab: str, data: runs.ResultData) -> tuple[Any, ...]:
    """What lies further down, once the account is there."""
    result = _result(data, tab)
    info = promise.info(result)
    nothing = states.no_figure("No window has a Sharpe ratio both in sample and out of sample.")
    return (
        windows.figure(windows.info(result)), view.about_windows(result),
        promise.figure(info) if info else nothing, promise.words(result.agreement) if info else "",
        parameters.figure(parameters.info(result, axis_labels(result))), view.about_paths(result),
    )  # fmt: skip


@callback(
    Output(ids.WALK_TABLE, "selectedRows"),
    Input(ids.WALK_TABLE, "selectedRows"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def open_window(chosen: list[dict[str, str]] | None, data: runs.ResultData) -> list[Any]:
    """The parameters of a window as a backtest over all bars."""
    if not chosen:
        raise PreventUpdate
    _, result = runs.opened(data, WalkForwardSpec)
    spec = result.spec_of(min(int(chosen[0]["id"]), len(result.test_first) - 1))
    if spec is None:
        shell.toast(
            "No parameters were chosen in this window: no combination traded often enough in training.", tone="warn"
        )
    else:
        studies.show(BACKTEST, spec, "performance")
    return []


@callback(
    Output(frame.figure(ids.WALK_CURVE), "data", allow_duplicate=True),
    Output(ids_sub(ids.WALK_CURVE), "children", allow_duplicate=True),
    Input(frame.progress(PAGE), "data"),
    State(OPEN.component_id, "active_tab"),
    State(ids_sub(ids.WALK_CURVE), "children"),
    prevent_initial_call=True,
)
def draw_partial(progress: Any, tab: str, drawn: str | None) -> tuple[Any, str]:
    """The account so far, whenever another window is done."""
    plain = (progress or {}).get("partial")
    if not plain or tab != TAB.name:
        raise PreventUpdate
    partial = curve.Partial.parse(plain)
    info, words = curve.live(partial), view.about_progress(partial)
    if info is None or words == drawn:
        raise PreventUpdate
    return curve.figure(info), words


@callback(
    Output(ids.WALK_KEPT, "hidden"),
    Output(ids.WALK_KEPT_WORDS, "children"),
    Input(frame.draft(PAGE), "data"),
    Input(RESULT_ID, "data"),
    Input(frame.run(PAGE), "data"),
)
def tell_kept(draft: Draft | None, result: runs.ResultData, run: Run | None) -> tuple[bool, str]:
    """The windows that are kept of what the form asks for, where it was begun and is neither under way nor on screen,
    in part or done.
    """
    spec, shown = (runner.load_spec(item["spec"]) if item else None for item in (draft, run))
    is_its_own = (
        isinstance(spec, WalkForwardSpec) and isinstance(shown, WalkForwardSpec) and shown.whole() == spec.whole()
    )
    is_in_sight = is_its_own and (not result or "spec" in result)
    if not isinstance(spec, WalkForwardSpec) or is_in_sight or runner.is_stored(spec):
        return True, ""
    done = _done(spec)
    return not done, view.kept(max(len(spec.expected_windows()), 1), done) if done else ""


@callback(
    Output(frame.request(PAGE), "data", allow_duplicate=True),
    Input(ids.WALK_GO_ON, "n_clicks"),
    Input(ids.WALK_CONTINUE, "n_clicks"),
    Input(ids.WALK_SHOW, "n_clicks"),
    Input(frame.part("cancel", PAGE), "n_clicks"),
    State(frame.draft(PAGE), "data"),
    State(frame.run(PAGE), "data"),
    prevent_initial_call=True,
)
def go_on(*given: Any) -> str:
    """A request for what is left, or for the windows alone that are done, as they are of one that is just stopped."""
    *clicks, draft, run = given
    is_form = ctx.triggered_id in (ids.WALK_CONTINUE, ids.WALK_SHOW)
    asked = draft if is_form else run
    spec = runner.load_spec(asked["spec"]) if asked and any(clicks) else None
    if not isinstance(spec, WalkForwardSpec):
        raise PreventUpdate
    if ctx.triggered_id in (ids.WALK_GO_ON, ids.WALK_CONTINUE):
        return canonical_json(spec if is_form else spec.whole())
    done, planned = _done(spec), len(spec.expected_windows())
    if not 0 < done < min(planned, spec.stop_after or planned):
        raise PreventUpdate
    return canonical_json(spec.model_copy(update={"stop_after": done}))


def _done(spec: WalkForwardSpec) -> int:
    kept = kept_windows(spec)
    return 0 if kept is None else len(kept)


def _result(data: runs.ResultData, tab: str) -> Any:
    if tab != TAB.name:
        raise PreventUpdate
    return runs.opened(data, WalkForwardSpec)[1]
