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
from dashboard.text.format import count, first_of
from dashboard.text.service import outcome
from engine.core.errors import DataError
from engine.market.fetching import STATUSES
from engine.research.service.rescoring.run import RefreshReport
from engine.research.service.rescoring.spec import Refresh

JOB = SideJob(ids.PAGE, "update")
_MOST = 5_000


def layout() -> list[Component]:
    """What is said of the job, what asks for those again that failed, and its stores."""
    retry = html.Button(id=ids.CATALOGUE_RETRY, className="link-button strong", type="button", hidden=True)
    line = [html.Div(id=ids.CATALOGUE_UPDATED, className="undo-bar", role="status"), retry]
    return [*JOB.stores(), html.Div(line, className="updated-line")]


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
    Output(JOB.answer, "data", allow_duplicate=True),
    Output(JOB.job, "data", allow_duplicate=True),
    Output(JOB.progress, "data", allow_duplicate=True),
    Input(ids.CATALOGUE_RETRY, "n_clicks"),
    State(JOB.answer, "data"),
    prevent_initial_call=True,
)
def retry(clicks: int | None, answer: Answer) -> tuple[Any, Any, Any]:
    """The update that is told of, of the symbols alone that may succeed now."""
    if not clicks or not answer:
        raise PreventUpdate
    done = runs.report(answer, Refresh)
    again = done.report.to_retry
    if not again:
        raise PreventUpdate
    return *side_job.start(Refresh.parse({"collection": done.action.collection, "symbols": again})), None


@callback(
    Output(ids.CATALOGUE_UPDATED, "children"),
    Output(ids.CATALOGUE_CHANGED, "data", allow_duplicate=True),
    Output(ids.CATALOGUE_RETRY, "children"),
    Output(ids.CATALOGUE_RETRY, "hidden"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
    prevent_initial_call=True,
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    if not answer or (words := side_job.instead(answer, progress, "")) is not None:
        return words if answer else None, no_update, "", True
    report: RefreshReport = runs.report(answer, Refresh).report
    again = report.to_retry
    return sentences(report), time.time(), f"Retry {count(len(again), 'symbol')}", not again


def sentences(report: RefreshReport) -> list[Component]:
    """What came of it: those that failed by name, the first of them in a sentence."""
    added = sum(item.outcome.added for item in report.series)
    text = (
        f"{count(len(report.series) - len(report.failed), 'series', 'series')} up to date, {count(added, 'new bar')}."
    )
    if report.refetched:
        text += f" {count(report.refetched, 'series', 'series')} fetched whole: the source has restated prices."
    if report.unchecked:
        text += f" Earlier splits and dividends could not all be compared: {report.unchecked}"
    alerts = [html.Span(sentence, className="is-bad") for sentence in outcome(report.models, report.webhook)]
    if not report.failed:
        return [html.Span(text), *alerts]
    toast(f"{count(len(report.failed), 'series', 'series')} could not be updated.", "warn")
    first = report.failed[0].outcome
    why = first.sentence or STATUSES[first.status]
    names = list(dict.fromkeys(item.outcome.symbol for item in report.failed))
    words = (
        f"{len(report.failed):,} failed: {first_of(names)}. " + ("" if len(names) == 1 else f"{first.symbol}: ") + why
    )
    return [html.Span(text), html.Span(words, className="is-bad"), *alerts]
