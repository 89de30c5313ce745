"""The verdict of "Is it real?", and the sweep that the run came from: tested, or with a button that tests it."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.backtest import ids, verification_view
from dashboard.pages.backtest.tab import OPEN
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import count
from engine.research import evidence
from engine.research.evidence import SweepOrigin
from engine.research.sweep_overfitting.spec import OverfittingSpec
from engine.research.verification.spec import VerificationSpec

TAB = "real"
JOB = SideJob("backtest", "origin")
RESULT_ID = frame.result(frame.study("backtest", TAB))


def layout() -> Component:
    """What stands above the verdict where the sweep was not tested, and the stores of the job that tests it."""
    button = html.Button("Test for overfitting", id=ids.ORIGIN_ASK, className="link-button strong", type="button")
    parts = [html.P(id=ids.ORIGIN_WORDS, role="status"), button]
    box = html.Div(parts, id=ids.ORIGIN, className="origin", hidden=True)
    return html.Div([*JOB.stores(), box])


@callback(
    Output(ids.REAL_VERDICT, "children"),
    Output(ids.ORIGIN_WORDS, "children"),
    Output(ids.ORIGIN, "hidden"),
    Input(RESULT_ID, "data"),
    OPEN,
    Input(JOB.answer, "data"),
)
def show_verdict(data: runs.ResultData, tab: str, answer: Answer) -> tuple[Component, str, bool]:
    """The verdict, with the trials counted as of now and the sweep, if it was tested by now."""
    if tab != TAB or ((answer or {}).get("waits") and ctx.triggered_id == JOB.answer):
        raise PreventUpdate
    spec, _ = runs.opened(data, VerificationSpec)
    origin = evidence.sweep_origin(spec.backtest)
    judged = verification_view.findings(
        evidence.verdict(spec.backtest, origin=origin), verification_view.judged_by(spec)
    )
    return judged, "" if origin is None else words(origin), origin is None or origin.tested is not None


def words(origin: SweepOrigin) -> str:
    """What the sweep has to do with the verdict."""
    if origin.place is None:
        return (
            "These parameters may be one combination of a sweep whose result is no longer stored. Testing the sweep "
            "for overfitting computes it again."
        )
    return (
        f"These parameters are one of {count(origin.size, 'combination')} of a sweep, which has not been tested for "
        "overfitting yet."
    )


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Input(ids.ORIGIN_ASK, "n_clicks"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def ask(clicks: int | None, data: runs.ResultData) -> tuple[Answer, Any]:
    """A job for the test of the sweep, or for the sweep itself where its result is gone; the answer knows the run that
    it was asked for.
    """
    origin = evidence.sweep_origin(runs.opened(data, VerificationSpec)[0].backtest)
    if not clicks or origin is None:
        raise PreventUpdate
    answer, job = side_job.start(origin.sweep if origin.place is None else OverfittingSpec(sweep=origin.sweep))
    return {**(answer or {}), "of": (data or {}).get("key")}, job


JOB.wire(running=[(Output(ids.ORIGIN_ASK, "disabled"), True, False)])


@callback(
    Output(ids.ORIGIN_WORDS, "children", allow_duplicate=True),
    Input(JOB.progress, "data"),
    State(JOB.answer, "data"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)
def tell(progress: Progress | None, answer: Answer, data: runs.ResultData) -> str:
    """How far the job is, beside the run that it was asked for."""
    message = progress["message"] if progress else ""
    if not message or not data or (answer or {}).get("of") != data.get("key"):
        raise PreventUpdate
    return f"Testing the sweep: {message}."
