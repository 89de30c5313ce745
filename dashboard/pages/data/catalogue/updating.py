"""The latest bars of the selected series, as a job."""

from __future__ import annotations

import time
from typing import Any

from dash import Input, Output, State, callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs
from dashboard.errors import toast
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids
from dashboard.pages.data.catalogue.rows import Chosen, names
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import count
from dashboard.text.service import outcome
from engine.core.errors import DataError
from engine.research.service.rescoring.run import RefreshReport
from engine.research.service.rescoring.spec import Refresh

JOB = SideJob(ids.PAGE, "update")
_MOST = 5_000


def layout() -> list[Component]:
    """What is said of the job, and its stores."""
    return [*JOB.stores(), html.Div(id=ids.CATALOGUE_UPDATED, className="undo-bar", role="status")]


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(ids.CATALOGUE_UPDATE, "n_clicks"),
    State(ids.CATALOGUE_CHOSEN, "data"),
    prevent_initial_call=True,
)
def ask(clicks: int | None, chosen: Chosen) -> tuple[Any, Any, Any]:
    found = names(chosen, most=_MOST)
    if not clicks or not found:
        raise PreventUpdate
    if len({collection for collection, _, _ in found}) > 1:
        raise DataError("Select series of one collection to update them.")
    symbols = list(dict.fromkeys(symbol for _, symbol, _ in found))
    return *side_job.start(Refresh.parse({"collection": found[0][0], "symbols": symbols})), None


JOB.wire()


@callback(
    Output(ids.CATALOGUE_UPDATED, "children"),
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
    prevent_initial_call=True,
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, Any]:
    if not answer or (words := side_job.instead(answer, progress, "")) is None:
        return (None, no_update) if not answer else (sentences(runs.report(answer, Refresh).report), time.time())
    return words, no_update


def sentences(report: RefreshReport) -> list[Component]:
    """What came of it: the first of those that failed in a sentence."""
    added = sum(item.outcome.added for item in report.series)
    text = (
        f"{count(len(report.series) - len(report.failed), 'series', 'series')} up to date, {count(added, 'new bar')}."
    )
    if report.refetched:
        text += f" {count(report.refetched, 'series', 'series')} fetched whole: the source has restated prices."
    alerts = [html.Span(sentence, className="is-bad") for sentence in outcome(report.models, report.webhook)]
    if not report.failed:
        return [html.Span(text), *alerts]
    toast(f"{count(len(report.failed), 'series', 'series')} could not be updated.", "warn")
    first = report.failed[0].outcome
    failure = html.Span(first.sentence or f"{first.symbol}: {first.status}", className="is-bad")
    return [html.Span(text), failure, *alerts]
