"""A model's file from elsewhere: received, tried by a job, and registered."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any

from dash import Input, Output, State, callback, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs, shell
from dashboard.components.file_button import file_button
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import ids
from dashboard.pages.models.saved.tab import GROUP
from dashboard.security.payloads import Answer, Progress
from engine.core.errors import DataError, EngineError
from engine.market.importers import uploads
from engine.models.service import registered
from engine.models.taking.spec import TakeModel

MOST = 32 << 20
"""Bytes of a model's file that the page takes; the command line takes larger ones."""
JOB = SideJob(GROUP, "take")


def button() -> list[Component]:
    """The button, how far the import is, and the stores of the job."""
    take = html.Button("Import a file", className="button", type="button", title="A model that was exported elsewhere")
    return [
        file_button(take, ids.IMPORT, endings=(".zip",), most=MOST),
        html.Span(id=ids.IMPORTING, className="hint", role="status"),
        *JOB.stores(),
    ]


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Output(ids.IMPORT, "contents"),
    Input(ids.IMPORT, "contents"),
    State(ids.IMPORT, "filename"),
    prevent_initial_call=True,
)
def ask(contents: str | None, name: str | None) -> tuple[Any, ...]:
    """Keep the file, and have it tried."""
    if not contents:
        raise PreventUpdate
    try:
        request = received(contents, str(name or "model.zip")[:200])
    except EngineError as error:
        shell.toast(str(error), tone="warn")
        return no_update, no_update, no_update, None
    return *side_job.start(request), None, None


def received(contents: str, file: str) -> TakeModel:
    """The request to take the model of a data URL. Raises ``EngineError``."""
    name = registered.checked(file.removesuffix(".zip").partition("@")[0])
    try:
        data = base64.b64decode(contents.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise DataError(f"{file} did not arrive whole: choose it again.") from None
    upload = uploads.append(uploads.begin(file, len(data)).id, 0, data)
    return TakeModel(upload=upload.id, name=name)


JOB.wire()


@callback(Output(ids.IMPORTING, "children"), Input(JOB.answer, "data"), Input(JOB.progress, "data"))
def wait(answer: Answer, progress: Progress | None) -> str:
    if not answer or not answer.get("waits"):
        return ""
    return (progress["message"] if progress else "") or "Starting"


@callback(
    Output(ids.REGISTRY_CHANGED, "data", allow_duplicate=True),
    Input(JOB.answer, "data"),
    prevent_initial_call=True,
)
def taken(answer: Answer) -> float:
    report = runs.report(answer, TakeModel).report
    shell.toast(f"{report.reference} is in the registry.", tone="ok")
    return time.time()
