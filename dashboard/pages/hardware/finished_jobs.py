"""Jobs that have ended: what each took of the machine, and why it was slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, callback, dcc, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard.components.card import card
from dashboard.components.states import skeleton
from dashboard.jobs.access import current_jobs
from dashboard.jobs.listing import Job, Status
from dashboard.jobs.tray import link
from dashboard.pages.hardware import ids
from dashboard.security.payloads import Listed
from dashboard.text.format import MISSING, duration, grouped, minute, number, percent
from engine.core.sizes import size_text
from engine.jobs.use import Use, slowdowns

SHOWN = 60
HEADS = {
    "Job": "Opens what it computed.",
    "Ended": "",
    "Waited": "For a free worker.",
    "Took": "Wall time on its worker.",
    "Worker": "The process that computed it, as among the workers while it runs.",
    "Processor": "Processor time of all its processes over its wall time: 100% is one core.",
    "Memory": "The most that its worker processes, and those that they started, held at once.",
    "GPU memory": "The most that torch and MLX had allocated on the GPU.",
    "Energy": "Of the whole machine meanwhile; ± is the step of its counters.",
    "Why it was slow": "Read from the machine before and after the job.",
}
_ENDED: Mapping[Status, str] = {"failed": "chip bad", "cancelled": "chip", "interrupted": "chip warn"}


def layout() -> list[Component]:
    """The card with the table."""
    return [card("Finished jobs", html.Div(skeleton(120), id=ids.FINISHED), sub="newest first")]


@callback(Output(ids.FINISHED, "children"), Input(frame.JOBS, "data"))
def show(_: Listed | None) -> Any:
    """Anew when a job has ended."""
    jobs = current_jobs()
    ended = [job for job in jobs.recent(2 * SHOWN) if job.spec][:SHOWN] if jobs else []
    return described(ended)


def described(jobs: list[Job]) -> Component:
    """A row for each."""
    if not jobs:
        return html.P("No job has ended yet: those that take longer than a moment appear here.", className="hint pad")
    has_gpu = any(job.taken and job.taken.gpu_memory is not None for job in jobs)
    has_energy = any(job.taken and job.taken.joules is not None for job in jobs)
    absent = {name for name, there in (("GPU memory", has_gpu), ("Energy", has_energy)) if not there}
    heads = [name for name in HEADS if name not in absent]
    head = html.Tr([html.Th(name, scope="col", title=HEADS[name] or None) for name in heads])
    body = [html.Tr([_cell(name, content) for name, content in _row(job).items() if name in heads]) for job in jobs]
    table = html.Table([html.Thead(head), html.Tbody(body)], className="bar-table jobs-table")
    return html.Div(table, className="scroll-x stacks")


def _cell(name: str, content: Any) -> Component:
    """Its name comes with it, for where there is no room for columns."""
    return html.Th(content, scope="row") if name == "Job" else html.Td(content, **{"data-label": name})


def _row(job: Job) -> dict[str, Any]:
    use = job.taken
    name = grouped(job.label)
    label: Any = dcc.Link(name, href=href) if (href := link(job)) else name
    mark = [html.Span(job.status, className=_ENDED[job.status])] if job.status in _ENDED else []
    return {
        "Job": [label, *mark],
        "Ended": minute(job.finished) if job.finished else MISSING,
        "Waited": duration(job.waited),
        "Took": duration(use.seconds) if use else _took(job),
        "Worker": str(use.pid) if use else MISSING,
        "Processor": percent(use.processor / use.seconds, 0) if use and use.seconds else MISSING,
        "Memory": size_text(use.memory) if use else MISSING,
        "GPU memory": size_text(use.gpu_memory) if use and use.gpu_memory is not None else MISSING,
        "Energy": _energy(use),
        "Why it was slow": _why(job),
    }


def _energy(use: Use | None) -> str:
    if use is None or use.joules is None:
        return MISSING
    return f"{number(use.joules, 1)} ± {number(use.joules_error, 1)} J"


def _took(job: Job) -> str:
    return duration(job.finished - job.started) if job.finished and job.started else MISSING


def _why(job: Job) -> str:
    """What is known of it; a dash where nothing slowed it down."""
    if job.taken is None:
        return "not measured" if job.started else MISSING
    return "; ".join(slowdowns(job.taken, job.waited)) or MISSING
