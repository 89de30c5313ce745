"""The jobs tray in the header: what runs, what has ended, cancel, run again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from dash import ALL, Input, Output, State, callback, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids, state
from dashboard.components.static_html import static_html
from dashboard.jobs.access import cancel, current_jobs
from dashboard.jobs.listing import Job
from dashboard.security.payloads import Listed, ResultData, Run
from dashboard.text.format import count, duration, percent
from engine.core.errors import SpecError
from engine.jobs.requests import load_request

ACTIVE_MS, IDLE_MS, SHOWN = 1000, 5000, 6
_ENDED = {
    "done": "Finished",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "interrupted": "Interrupted when the server stopped",
}


def layout() -> Component:
    """The button with the number of jobs, and the list that it opens."""
    return html.Details(
        [
            html.Summary(
                [
                    html.Span(id="jobs-now", className="jobs-now"),
                    html.Span("0 jobs", id="jobs-count", className="chip"),
                ]
            ),
            html.Div(empty(), id=ids.JOBS_LIST, className="menu tray", role="region", **{"aria-label": "Jobs"}),
        ],
        className="drop jobs",
    )


def empty() -> Component:
    """What the tray says when there has been no job."""
    return html.P("No jobs yet. Long runs appear here and continue when you leave their page.", className="hint")


@callback(
    Output(ids.JOBS, "data"),
    Output(ids.JOBS_LIST, "children"),
    Output("jobs-now", "children"),
    Output("jobs-count", "children"),
    Output(ids.JOBS_POLL, "interval"),
    Input(ids.JOBS_POLL, "n_intervals"),
    Input({"role": "job", "page": ALL}, "data"),
    State({"role": "run", "page": ALL}, "data"),
    State({"role": "result", "page": ALL}, "data"),
    State(ids.JOBS, "data"),
)
def poll(
    _: int | None, started: list[str | None], runs: list[Run | None], results: list[ResultData], before: Listed | None
) -> tuple[Any, ...]:
    """The jobs as data for the run bars and as the tray's content; nothing if nothing has changed.

    Jobs without a request, such as a search as one types, are not listed. A page that starts a job asks at once, and
    from then on often; a stored result asks nothing of it.
    """
    jobs = current_jobs()
    active = [job for job in jobs.active() if job.spec] if jobs else []
    ended = [job for job in jobs.recent(4 * SHOWN) if not job.is_active and job.spec][:SHOWN] if jobs else []
    listed = [_row(job) for job in [*active, *ended]]
    is_busy = bool(active) or isinstance(ctx.triggered_id, dict)
    data = {"jobs": listed, "busy": is_busy, "at": time.time()}
    waits = _is_waiting(runs, results)
    if before and not waits and (before["jobs"], before["busy"]) == (listed, is_busy):
        raise PreventUpdate
    shown = static_html([_entry(row) for row in listed] or [empty()])
    return data, shown, _summary(listed), count(len(active), "job"), ACTIVE_MS if is_busy or waits else IDLE_MS


@callback(Input({"role": "cancel-job", "key": ALL}, "n_clicks"), prevent_initial_call=True)
def cancel_job(clicks: list[int | None]) -> None:
    """Cancel the job whose button was pressed in the tray."""
    if any(clicks) and isinstance(ctx.triggered_id, dict):
        cancel(ctx.triggered_id["key"])


def _is_waiting(runs: Sequence[Run | None], results: Sequence[ResultData]) -> bool:
    """Whether a page may still wait for word about its run: then the list is sent even if it is the same."""
    pending = [run["at"] for run, result in zip(runs, results, strict=False) if run and not result]
    return time.time() - max(pending, default=0.0) < 15.0


def _row(job: Job) -> dict[str, Any]:
    names = ("key", "page", "label", "status", "message", "fraction", "finished")
    seconds = job.finished - job.started if job.finished and job.started else None
    return {**{name: getattr(job, name) for name in names}, "seconds": seconds, "href": link(job)}


def link(job: Job) -> str:
    """The permalink of a job's page: of an action that has ended it opens the latest report, if there is one. Nothing
    where its spec is of another version.
    """
    try:
        shown = load_request(job.spec).shown_with()
        return f"/{ids.owner(job.page)}" + (f"?spec={state.to_query(shown)}" if shown else "")
    except SpecError:
        return ""


def _entry(row: dict[str, Any]) -> Component:
    is_active = row["status"] in ("queued", "running")
    note = row["message"] or _ENDED.get(row["status"], row["status"])
    if is_active:
        action: Any = html.Button("Cancel", id={"role": "cancel-job", "key": row["key"]}, className="link-button")
    else:
        text = "Open" if row["status"] == "done" else "Run again"
        action = dcc.Link(text, href=row["href"], className="link-button") if row["href"] else None
    if row["status"] == "done":
        note = f"{_ENDED['done']} in {duration(row['seconds'])}" if row["seconds"] is not None else _ENDED["done"]
    track = [meter(row["fraction"], row["label"])] if is_active else []
    parts = [html.B(row["label"]), action, html.Span(note, className="hint"), *track]
    return html.Div(parts, className=f"job job-{row['status']}", key=row["key"])


def meter(fraction: float, label: str) -> Component:
    """A thin bar for a fraction."""
    width = f"{100 * min(max(fraction, 0.0), 1.0):.1f}%"
    value = {"aria-valuenow": width.removesuffix("%"), "aria-valuemin": "0", "aria-valuemax": "100"}
    return html.Div(
        html.I(style={"width": width}), className="bar", role="progressbar", **value, **{"aria-label": label}
    )


def _summary(listed: Sequence[dict[str, Any]]) -> list[Component]:
    running = [row for row in listed if row["status"] == "running"]
    if not running:
        return []
    first = running[0]
    text = html.Span(f"{first['label']} {percent(first['fraction'], 0)}", className="jobs-label")
    return [text, meter(first["fraction"], first["label"])]
