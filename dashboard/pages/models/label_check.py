"""The verdict on the label that the form names: whether it uses bars after its end, by which rows are purged."""

from __future__ import annotations

import json
from typing import Any

from dash import Input, Output, callback, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import ids
from dashboard.pages.models.form import FORM
from dashboard.security.payloads import Answer, Draft, Progress
from engine.core.errors import EngineError
from engine.labels.checks.result import LabelCheck
from engine.labels.checks.spec import LabelCheckSpec
from engine.models.spec import ModelSpec

JOB = SideJob(FORM.page, "label-check")


def layout() -> list[Component]:
    """A line under the form."""
    check = html.Button("Check", id=ids.CHECK_LABEL, type="button", className="link-button strong")
    found = html.Div([html.Span(id=ids.LABEL_VERDICT), " ", check], className="f-control")
    line = html.Div([html.Div(html.Span("Label", className="f-label"), className="f-name"), found], className="f")
    return [html.H2("Look-ahead"), line, *JOB.stores()]


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Input(frame.draft(FORM.page), "data"),
    Input(ids.CHECK_LABEL, "n_clicks"),
)
def ask(draft: Draft | None, _: int | None) -> tuple[Any, Any]:
    """A verdict that is known, at once; another where the button was pressed."""
    if not draft:
        raise PreventUpdate
    spec = ModelSpec.parse(json.loads(draft["spec"]))
    is_pressed = ctx.triggered_id == ids.CHECK_LABEL
    return side_job.start(LabelCheckSpec(market=spec.market, target=spec.target), is_pressed)


JOB.wire(on_error=side_job.failed_in_place)


@callback(Output(ids.LABEL_VERDICT, "children"), Input(JOB.answer, "data"), Input(JOB.progress, "data"))
def show(answer: Answer, progress: Progress | None) -> Any:
    """The verdict as a chip, with what was done on hover."""
    if (words := side_job.instead(answer, progress, "not checked")) is not None:
        return words
    try:
        _, found = runs.opened({name: str(value) for name, value in (answer or {}).items()}, LabelCheckSpec)
    except EngineError as error:
        return html.P(str(error))
    return verdict(found)


def verdict(found: LabelCheck) -> Component:
    """``clean``, or the bar at which it leaks."""
    tone = "ok" if found.found is None else "bad"
    return html.Span(found.words, className=f"chip {tone}", title=found.sentence())
