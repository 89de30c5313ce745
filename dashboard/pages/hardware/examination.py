"""The examination of this machine: checks with what to do, and facts, as a text for a bug report too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Input, Output, callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs
from dashboard.components.card import card, columns
from dashboard.jobs import side_job
from dashboard.jobs.requested import reported
from dashboard.jobs.side_job import SideJob
from dashboard.pages.hardware import ids
from dashboard.pages.hardware.request import PAGE
from dashboard.security.payloads import Answer, Progress
from dashboard.text.format import minute
from engine.core.errors import EngineError
from engine.core.spec import kind_name
from engine.jobs import actions
from engine.machine.result import Check, MachineReport, Section, State
from engine.machine.spec import Examination

JOB = SideJob(PAGE, "examination")
HINT = "Loads every library, has each device compute a known result, and tries disk, database, port and clock."
_CHIPS: Mapping[State, tuple[str, str]] = {
    "failed": ("failed", "chip bad"),
    "warning": ("warning", "chip warn"),
    "passed": ("passed", "chip ok"),
    "skipped": ("not needed", "chip"),
}


def layout() -> Component:
    """The card."""
    start = html.Button("Examine", id=ids.EXAMINE, type="button", className="link-button strong")
    copy = {"data-copies": ids.EXAMINED_TEXT}
    report = html.Button("Copy for a bug report", type="button", className="link-button", **copy)
    body = html.Div([*JOB.stores(), html.Div(id=ids.EXAMINED), html.Pre(id=ids.EXAMINED_TEXT, hidden=True)])
    found = card("Examination", body, sub="of this machine", tools=[report, start])
    found.children[0].children[1].id = ids.EXAMINED_WHEN
    return found


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Input(ids.EXAMINE, "n_clicks"),
)
def ask(clicks: int | None) -> tuple[Any, Any]:
    """The last one, until another is asked for."""
    if clicks:
        return side_job.start(Examination())
    last = next(iter(actions.performed(kind_name(Examination), 1)), None)
    if last is None:
        raise PreventUpdate
    return reported(last), no_update


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(ids.EXAMINED, "children"),
    Output(ids.EXAMINED_TEXT, "children"),
    Output(ids.EXAMINED_WHEN, "children"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, str, str]:
    """Checks and facts; the hint while there are none."""
    if (words := side_job.instead(answer, progress, HINT)) is not None:
        return html.Div(words, className="pad"), "", "of this machine"
    try:
        done = runs.report({name: str(value) for name, value in (answer or {}).items()}, Examination)
    except EngineError as error:
        return html.P(str(error), className="pad"), "", "of this machine"
    when = minute(done.created)
    return described(done.report), done.report.text(), f"{when} · {done.report.verdict()}"


def described(report: MachineReport) -> Component:
    """What failed comes first; facts below."""
    order = list(_CHIPS)
    rows = [_check(item) for item in sorted(report.checks, key=lambda item: order.index(item.state))]
    half = (len(rows) + 1) // 2
    listed = [_section(item) for item in report.sections]
    parts = [columns(html.Div(rows[:half]), html.Div(rows[half:]), kind="half")]
    return html.Div([*parts, html.Div(listed, className="columns half facts-of")])


def _check(check: Check) -> Component:
    text, style = _CHIPS[check.state]
    words = f"{check.found} {check.remedy}".strip()
    body = html.Div([html.B(check.title), html.Span(words, className="hint")])
    return html.Div([body, html.Span(text, className=style)], className="job")


def _section(section: Section) -> Component:
    rows: list[Component] = []
    for fact in section.facts:
        note = [html.Span(fact.note, className="hint")] if fact.note else []
        rows += [html.Dt(fact.name), html.Dd([fact.value, *note])]
    return html.Div([html.H4(section.title), html.Dl(rows, className="facts")])
