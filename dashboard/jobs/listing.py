"""The list of jobs in the database: what outlives the server that ran them."""

from __future__ import annotations

import json
import time
from dataclasses import astuple, dataclass
from typing import Literal

from engine.core.database import connect
from engine.jobs.use import Use

Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
INTERRUPTED = "The server stopped while this job ran: run it again."

MAXIMUM_RECORDS = 1000
"""Ended jobs that stay in the list."""

_DROP = """DELETE FROM jobs WHERE key IN (
    SELECT key FROM jobs WHERE status NOT IN ('queued', 'running') ORDER BY finished DESC LIMIT -1 OFFSET ?)"""


@dataclass(frozen=True)
class Job:
    """One job as the tray shows it. ``spec`` is the request's JSON, or empty, ``use`` that of ``taken``;
    times are seconds since 1970.
    """

    key: str
    page: str
    kind: str
    label: str
    spec: str
    status: Status = "queued"
    message: str = ""
    fraction: float = 0.0
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    use: str = ""

    @property
    def waited(self) -> float:
        """Seconds in the queue."""
        return max((self.started or self.finished or self.created) - self.created, 0.0)

    @property
    def taken(self) -> Use | None:
        """What it took of its machine; None where that is not known."""
        try:
            return Use.of(json.loads(self.use)) if self.use else None
        except (ValueError, TypeError, AttributeError):  # of another version
            return None

    @property
    def is_active(self) -> bool:
        """Whether the job waits or runs."""
        return self.status in ("queued", "running")

    @property
    def can_cancel(self) -> bool:
        """Whether the server can stop it."""
        return self.is_active


class OutsideJob(Job):
    """A job that another process runs, which alone can stop it."""

    @property
    def can_cancel(self) -> bool:
        return False


def add(job: Job) -> None:
    """Record a new job, in place of an earlier one with its key; of those that have ended the latest stay."""
    values = (job.key, job.page, job.kind, job.label, job.spec, job.status, job.message, job.fraction, job.created)
    with connect() as database:
        database.execute("INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, '')", values)
        database.execute(_DROP, (MAXIMUM_RECORDS,))


def add_ended(job: Job) -> None:
    """Record a job that another process has run, once it has ended."""
    with connect() as database:
        database.execute("INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(job))
        database.execute(_DROP, (MAXIMUM_RECORDS,))


def set_running(key: str) -> None:
    """Note that a worker has taken the job."""
    with connect() as database:
        database.execute("UPDATE jobs SET status = 'running', started = ? WHERE key = ?", (time.time(), key))


def set_ended(key: str, status: Status, message: str, fraction: float, taken: Use | None = None) -> None:
    """Note how the job ended, and what it has taken."""
    use = json.dumps(taken.event()) if taken else ""
    with connect() as database:
        database.execute(
            "UPDATE jobs SET status = ?, message = ?, fraction = ?, finished = ?, use = ? WHERE key = ?",
            (status, message, fraction, time.time(), use, key),
        )


def find(key: str) -> Job | None:
    """The latest job with this key."""
    with connect() as database:
        row = database.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone()
    return Job(**row) if row else None


def active() -> list[Job]:
    """Jobs that wait or run, oldest first."""
    return _select("status IN ('queued', 'running') ORDER BY created")


def ended(limit: int) -> list[Job]:
    """The latest jobs that have ended, newest first."""
    return _select("status NOT IN ('queued', 'running') ORDER BY finished DESC LIMIT ?", limit)


def _select(where: str, *values: object) -> list[Job]:
    with connect() as database:
        rows = database.execute(f"SELECT * FROM jobs WHERE {where}", values).fetchall()
    return [Job(**row) for row in rows]
