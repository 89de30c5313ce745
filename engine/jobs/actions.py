"""Actions: performed on request, each time anew, with a report that is stored."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import uuid
from dataclasses import dataclass
from typing import Any

from engine.core.database import connect
from engine.core.errors import SpecError
from engine.core.plugin_errors import blamed_on_plugins
from engine.core.progress import Progress, silent
from engine.core.spec import Action, canonical_json
from engine.core.store import DAMAGE, decode, encode
from engine.jobs import executors
from engine.jobs.requests import load_action


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
    """Do ``action`` here and now, and keep its report. Raises ``EngineError`` with a sentence for the user, and
    ``Cancelled`` when ``progress`` says so; there is no report then.
    """
    created = time.time()
    with blamed_on_plugins():
        report = executors.executor(type(action))(action, progress)
    found = Performed(uuid.uuid4().hex, job_key(action), action, action.label(), created, time.time() - created, report)
    row = (found.id, found.job, action.kind, found.label, canonical_json(action), created, found.seconds)
    with connect() as database:
        database.execute("INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, encode(report)))
    return found


def performed(kind: str, limit: int = 100) -> list[Performed]:
    """Actions of ``kind`` that were done, newest first; those that can be read no more are left out."""
    return _read("WHERE kind = ? ORDER BY created DESC LIMIT ?", kind, limit)


def find(id: str) -> Performed | None:
    """The action that was done under ``id``, or None."""
    return next(iter(_read("WHERE id = ?", id)), None)


def latest(job: str) -> Performed | None:
    """What the job under that key has done last, or None."""
    return next(iter(_read("WHERE job = ? ORDER BY created DESC LIMIT 1", job)), None)


def forget(id: str) -> None:
    """Remove the report for good."""
    with connect() as database:
        database.execute("DELETE FROM reports WHERE id = ?", (id,))


def _read(where: str, *values: object) -> list[Performed]:
    with connect() as database:
        rows = database.execute(f"SELECT * FROM reports {where}", values).fetchall()
    return [found for row in rows if (found := _performed(row)) is not None]


def _performed(row: sqlite3.Row) -> Performed | None:
    try:
        action = load_action(row["spec"])
        report = decode(row["report"], executors.result_type(action))
    except (SpecError, *DAMAGE):
        return None
    return Performed(row["id"], row["job"], action, row["label"], row["created"], row["seconds"], report)
