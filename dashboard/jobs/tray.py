"""The jobs tray in the header: what runs, what has ended, cancel, run again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
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
    ended = [job for job in jobs.recent(8 * SHOWN) if not job.is_active and job.spec] if jobs else []
    listed = [*map(_row, active), *latest(map(_row, ended))]
    is_busy = bool(active) or isinstance(ctx.triggered_id, dict)
    data = {"jobs": listed, "busy": is_busy, "at": time.time()}
    waits = _is_waiting(runs, results)
    if before and not waits and (before["jobs"], before["busy"]) == (listed, is_busy):
        raise PreventUpdate
    shown = static_html([*map(_group, grouped(listed)), _every()] if listed else [empty()])
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
    return {**{name: getattr(job, name) for name in names}, "seconds": seconds, "href": link(job), "of": about(job),
            "cancels": job.can_cancel}  # fmt: skip


def latest(rows: Iterable[dict[str, Any]], limit: int = SHOWN) -> list[dict[str, Any]]:
    """The first of ``rows``, as many as fill ``limit`` groups."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if len(grouped([*found, row])) > limit:
            break
        found.append(row)
    return found


def grouped(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Each run with the jobs beside it that are about it, such as its costs, after it: those of a run without a job of
    its own are a group as well. The order is that of the first of each group.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["href"] if "?" in row["href"] else row["key"], []).append(row)
    return [sorted(group, key=lambda row: bool(row["of"])) for group in found.values()]


def about(job: Job) -> str:
    """The name of the run that a job beside it is about; "" for a run."""
    try:
        request = load_request(job.spec)
        shown = request.shown_with()
        return shown.label() if shown is not None and shown != request else ""
    except SpecError:
        return ""


def link(job: Job) -> str:
    """The permalink of a job's page: of an action that has ended it opens the latest report, if there is one. Nothing
    where its spec is of another version.
    """
    try:
        shown = load_request(job.spec).shown_with()
        return f"/{ids.owner(job.page)}" + (f"?spec={state.to_query(shown)}" if shown else "")
    except SpecError:
        return ""


def _group(rows: Sequence[dict[str, Any]]) -> Component:
    """A run, then a line for each job beside it."""
    first = rows[0]
    head = [] if not first["of"] else [html.Div(html.B(first["of"]), className="job")]
    return html.Div([*head, *(_entry(row) for row in rows)], className="job-group")


def _every() -> Component:
    return dcc.Link("Every job, with what it took", href="/hardware?tab=jobs", className="link-button tray-all")


def part_title(row: Mapping[str, Any]) -> str:
    """What a job does about its run, which is named above it: "Costs" of "Costs of SMA 10/120, AAPL"."""
    return str(row["label"]).removesuffix(f" of {row['of']}") if row["of"] else str(row["label"])


def _entry(row: dict[str, Any]) -> Component:
    is_active = row["status"] in ("queued", "running")
    note = row["message"] or _ENDED.get(row["status"], row["status"])
    if is_active and not row["cancels"]:
        action: Any = None
    elif is_active:
        action = html.Button("Cancel", id={"role": "cancel-job", "key": row["key"]}, className="link-button")
    else:
        text = "Open" if row["status"] == "done" else "Run again"
        action = dcc.Link(text, href=row["href"], className="link-button") if row["href"] else None
    if row["status"] == "done":
        note = f"{_ENDED['done']} in {duration(row['seconds'])}" if row["seconds"] is not None else _ENDED["done"]
    track = [meter(row["fraction"], row["label"])] if is_active else []
    parts = [html.B(part_title(row)), action, html.Span(note, className="hint"), *track]
    beside = " job-part" if row["of"] else ""
    return html.Div(parts, className=f"job job-{row['status']}{beside}", key=row["key"])


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
