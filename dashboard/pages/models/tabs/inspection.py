"""The look inside a trained model: one job beside it, which the tabs of curves and of importance share."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, callback, ctx, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts.models import learning
from dashboard.components import states
from dashboard.jobs import side_job
from dashboard.jobs.requested import stored
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import evaluation, ids
from dashboard.pages.models.saved.tab import seen
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import duration
from engine.jobs import runner
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from engine.research.inspection.result import Inspection
from engine.research.inspection.spec import InspectionSpec

JOB = SideJob("models", "inspection")
LONGEST = 30.0
"""Seconds that it may be estimated to take to be begun by itself."""
CURVES, IMPORTANCE = "curves", "importance"
HINT = "Scores by regime, contributions and the learning curve are computed once they are looked at."
NO_LEARNING = "The training rows are too few to be divided."


def button(id: str) -> Component:
    """What begins an inspection that takes long."""
    return html.Button("Inspect", id=id, className="link-button strong", type="button", hidden=True)


JOB.wire(side_job.failed_in_place)


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Output(ids.INSPECT, "hidden"),
    seen(CURVES),
    seen(IMPORTANCE),
    Input(ids.INSPECT, "n_clicks"),
    Input(frame.result("models"), "data"),
)
def ask(curves: runs.ResultData, importance: runs.ResultData, clicks: int | None, data: runs.ResultData) -> Any:
    """A stored answer at once, else a job for it once one of the tabs is in sight; a long one waits for the button."""
    if not _is_of(data, curves) and not _is_of(data, importance):
        raise PreventUpdate
    request = InspectionSpec(base=runs.opened(data, ModelSpec)[0])
    seconds = request.estimate().seconds
    if ctx.triggered_id != ids.INSPECT and seconds > LONGEST and stored(request) is None:
        words = f"Models are trained on fewer rows for the learning curve, which takes about {duration(seconds)}."
        return {"error": words}, no_update, None, False
    return *side_job.start(request), None, True


def _is_of(data: runs.ResultData, looked: runs.ResultData) -> bool:
    return bool(data and looked and data.get("key") == looked.get("key"))


def answered(answer: Answer) -> tuple[Inspection, ModelResult] | None:
    """What was found, and in which result; None while there is no answer."""
    if not answer or "spec" not in answer:
        return None
    spec, found = runs.opened({name: str(value) for name, value in answer.items()}, InspectionSpec)
    result = runner.lookup(spec.base)
    return (found, result) if result is not None else None


@callback(
    Output(ids.BY_REGIME, "children"),
    Output(ids.BY_YEAR, "children"),
    Output(ids.BY_SYMBOL, "children"),
    Output(frame.figure(ids.LEARNING), "data"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    """Scores by group, and the learning curve."""
    known = answered(answer)
    if known is None:
        words = side_job.instead(answer, progress, HINT)
        told = (answer or {}).get("error")
        return words, None, None, states.no_figure(str(told)) if told else None
    found, result = known
    drawn = learning.info(found, result)
    tables = (
        evaluation.groups(listed, result, title)
        for listed, title in ((found.regimes, "Regime"), (found.years, "Year"), (found.symbols, "Symbol"))
    )
    return *tables, learning.figure(drawn) if drawn else states.no_figure(NO_LEARNING)
