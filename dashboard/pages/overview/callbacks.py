"""Callbacks of the first page: what has been done lately, and what the machine is doing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ClientsideFunction, Input, Output, callback, clientside_callback, html
from dash.development.base_component import Component

import engine
from dashboard import guide, shell
from dashboard import ids as frame
from dashboard.charts import base, rebased
from dashboard.jobs.access import current_jobs
from dashboard.pages.overview import ids, machine, recent
from dashboard.text.format import count

OPENED = Input(ids.OPENED, "data")


clientside_callback(ClientsideFunction("stratoscope", "guide"), OPENED)


@callback(Output(frame.figure(ids.SAMPLE), "data"), OPENED)
def sample(_: Any) -> Any:
    """The six names of the question."""
    market = engine.run(guide.momentum().market).bars
    return base.encoded(rebased.compare_figure(rebased.compare_info(market, log=True)))


@callback(Output(ids.RUNS, "children"), OPENED)
def runs(_: Any) -> list[Component]:
    shell.show_context(recent.totals())
    return recent.runs()


@callback(Output(ids.MODELS, "children"), Output(ids.SWEEPS, "children"), OPENED)
def others(_: Any) -> tuple[list[Component], list[Component]]:
    return recent.models(), recent.sweeps()


@callback(Output(ids.MACHINE, "children"), Input(frame.JOBS, "data"))
def machine_now(_: Any) -> Sequence[Component]:
    """The machine in one line, anew with each change of the jobs."""
    jobs = current_jobs()
    active = jobs.active() if jobs else []
    running = [job.label for job in active if job.status == "running"]
    doing = ", ".join(running[:2]) if running else "idle"
    words = f"{count(len(active), 'job')}: {doing}" if active else "no job running"
    return [*machine.parts(), html.Span(["Workers ", html.B(words)])]
