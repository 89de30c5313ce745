"""The tab that imports files of bars: dropped, previewed, and stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Input, Output, State, callback, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.components.fields import Values
from dashboard.components.values import compact
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.data import ids
from dashboard.pages.data.imports import look, outcome
from dashboard.pages.data.imports.form import FORM, STUDY, given_names
from dashboard.pages.data.tab import Tab
from dashboard.runs.studies import Study
from dashboard.security.payloads import Answer, Draft, Edit, Progress, Rows
from engine.core.spec import canonical_json
from engine.jobs.requests import load_action
from engine.market.importers.files import ImportReport
from engine.market.importers.preview import PreviewReport
from engine.market.importers.spec import Import, Preview

JOB = SideJob(FORM.page, "look")
NAMES = frame.field(FORM.page, "names")


def _panel(values: Values) -> Sequence[Component]:
    """The form's fields, and the preview below them."""
    return [*FORM.panel(values), look.layout(), *JOB.stores()]


TAB = Tab("import", "Import", outcome.layout, Study(FORM, STUDY.title, STUDY.empty, STUDY.sub, _panel))


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Input(frame.draft(FORM.page), "data"),
    State(frame.field(FORM.page, "uploads"), "value"),
    State(JOB.answer, "data"),
    State(JOB.job, "data"),
    prevent_initial_call=True,
)
def ask(draft: Draft | None, uploaded: str | None, answer: Answer, job: str | None) -> tuple[Any, Any]:
    """A preview of what the form says, whenever that changes it; none without files. As a job, however small they are:
    times are read by pandas, which the server does without.
    """
    if not uploaded:
        return None, no_update
    if not draft:
        raise PreventUpdate
    wanted = preview_of(draft["spec"])
    text = canonical_json(wanted)
    if text in ((answer or {}).get("spec"), job if (answer or {}).get("waits") else None):
        raise PreventUpdate
    return {"waits": True}, text


def preview_of(text: str) -> Preview:
    """The preview of an import: of any collection."""
    action = load_action(text)
    values = action.model_dump(mode="json", exclude={"kind", "collection"}) if isinstance(action, Import) else {}
    return Preview.parse(values)


JOB.wire(on_error=side_job.failed_in_place)


@callback(
    Output(ids.IMPORT_WAITS, "children"),
    Output(ids.IMPORT_FOUND, "hidden"),
    Output(ids.IMPORT_QUESTIONS, "children"),
    Output(ids.IMPORT_SERIES, "rowData"),
    Output(ids.IMPORT_LISTED, "hidden"),
    Output(ids.IMPORT_LINES, "children"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
    prevent_initial_call=True,
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    """While another preview is made, the one before stays."""
    words = side_job.instead(answer, progress, "")
    if answer and answer.get("waits"):
        return words, *[no_update] * 5
    if words is not None:
        return words if answer else None, True, [], [], True, []
    found = found_in(answer)
    rows = look.rows(found)
    return None, False, look.questions(found), rows, not rows, look.lines(found)


@callback(
    Output(ids.IMPORT_ROWS, "children"),
    Input(JOB.answer, "data"),
    Input(ids.IMPORT_SERIES, "selectedRows"),
    prevent_initial_call=True,
)
def show_rows(answer: Answer, selected: Rows) -> Any:
    """The first and last rows of the series that is selected."""
    if answer and answer.get("waits"):
        raise PreventUpdate
    if not answer or "report" not in answer:
        return None
    return look.sample(found_in(answer), str(selected[0].get("key")) if selected else None)


def found_in(answer: Answer) -> PreviewReport:
    """The preview that an answer names."""
    found: PreviewReport = runs.report({name: str(value) for name, value in (answer or {}).items()}, Preview).report
    return found


@callback(
    Output(NAMES, "value"),
    Input(ids.IMPORT_SERIES, "cellValueChanged"),
    State(NAMES, "value"),
    prevent_initial_call=True,
)
def rename(edits: Sequence[Edit] | None, names: str | None) -> str:
    """The symbols that were typed into the table."""
    found = given_names(names)
    for edit in edits or ():
        found = look.renamed(found, edit["data"]["key"], str(edit.get("value") or "").strip())
    return compact(found) if found else ""


@callback(
    Output(ids.IMPORTED, "rowData"),
    Output(ids.IMPORTED_NOTE, "children"),
    Output(ids.IMPORTED_LINKS, "children"),
    Output(ids.IMPORTED_LINES, "children"),
    Input(frame.result(FORM.page), "data"),
    prevent_initial_call=True,
)
def report(data: runs.ResultData) -> tuple[Any, ...]:
    found: ImportReport = runs.report(data, Import).report
    return outcome.rows(found), outcome.note(found), outcome.links(found), outcome.lines(found)
