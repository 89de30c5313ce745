"""Actions: performed on request, each time anew, with a report that is stored."""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Any

from engine.core.errors import SpecError, StoreError
from engine.core.plugin_errors import blamed_on_plugins, require_result
from engine.core.progress import Progress, silent
from engine.core.spec import Action, canonical_json
from engine.core.store import DAMAGE, decode, encode
from engine.jobs import executors, reports, runner
from engine.jobs.reports import Row
from engine.jobs.requests import load_action

UNSTORED = "The report is kept in memory until the program ends."
_log = logging.getLogger("stratoscope")


@dataclass(frozen=True, eq=False)
class Performed:
    """An action that was done: when it began (seconds since 1970), how long it took, and its ``report``. ``job`` is the
    key of its job.
    """

    id: str
    job: str
    action: Action
    label: str
    created: float
    seconds: float
    report: Any


def job_key(action: Action) -> str:
    """The key of the job that does ``action``: two that are equal and run at the same moment are one job. Nothing is
    stored under it, so that the next one is done anew.
    """
    return hashlib.sha256(f"action {canonical_json(action)}".encode()).hexdigest()


def perform(action: Action, progress: Progress = silent) -> Performed:
    """Perform ``action`` in this process, store its report and return it. On a full disk the report stays in the memory
    of this process, and a warning is logged. Raises ``EngineError`` with a sentence for the user,
    and ``Cancelled`` when ``progress`` says so; there is no report then.
    """
    created = time.time()
    with blamed_on_plugins(action):
        report = executors.executor(type(action))(action, progress)
        require_result(action, report, executors.result_type(action))
    found = Performed(uuid.uuid4().hex, job_key(action), action, action.label(), created, time.time() - created, report)
    about = (found.id, found.job, action.kind, found.label, canonical_json(action), created, found.seconds)
    row = Row(*about, encode(report))
    try:
        reports.enter(row)
    except StoreError as error:
        runner.store().hold(found.id, reports.pack(row))
        _log.warning("%s %s", error, UNSTORED)
    return found


def performed(kind: str, limit: int = 100) -> list[Performed]:
    """Actions of ``kind`` that were done, newest first; those that can be read no more are left out."""
    return [found for row in reports.of_kind(kind, limit) if (found := _performed(row)) is not None]


def find(id: str) -> Performed | None:
    """The action that was done under ``id``, or None."""
    held = runner.store().held(id)
    row = reports.of_id(id) if held is None else reports.unpack(held)
    return _performed(row) if row else None


def latest(job: str) -> Performed | None:
    """What the job under that key has done last, or None."""
    row = reports.of_job(job)
    return _performed(row) if row else None


def forget(id: str) -> None:
    """Remove the report for good."""
    reports.remove([id])


def _performed(row: Row) -> Performed | None:
    try:
        action = load_action(row.spec)
        report = decode(row.report, executors.result_type(action))
    except (SpecError, *DAMAGE):
        return None
    return Performed(row.id, row.job, action, row.label, row.created, row.seconds, report)
