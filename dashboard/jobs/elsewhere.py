"""Jobs of other processes on the same cache, such as ``stratoscope run``: listed while they run, and when they ended.

Such a process says every second that it is at work; one that has not said so for ``LOST`` seconds has been killed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dashboard.jobs import listing
from dashboard.jobs.listing import Job, OutsideJob, Status
from dashboard.jobs.requested import Request, job_key, stored
from engine.core.database import connect
from engine.core.errors import EngineError, StoreError
from engine.core.progress import Progress, silent
from engine.core.spec import canonical_json

PAGES: Mapping[str, str] = {
    "market": "data",
    "features": "features",
    "model": "models",
    "tuning": "models",
    "backtest": "backtest",
    "sweep": "backtest",
    "walk_forward": "backtest",
    "verification": "backtest",
    "benchmark": "hardware",
}
"""Where what was asked for is shown, by the kind of the request that shows it."""
EVERY, LOST = 1.0, 15.0
"""Seconds between two words of a process, and after how many of silence its job is no longer listed."""
WHERE = "On the command line"
_log = logging.getLogger("stratoscope.jobs")


def active() -> list[Job]:
    """Jobs that other processes are at, oldest first."""
    with connect() as database:
        rows = database.execute("SELECT * FROM outside_jobs WHERE seen > ? ORDER BY created", (time.time() - LOST,))
        return [
            OutsideJob(
                key=row["key"],
                page=row["page"],
                kind=row["kind"],
                label=row["label"],
                spec=row["spec"],
                status="running",
                message=row["message"],
                fraction=row["fraction"],
                created=row["created"],
                started=row["created"],
            )
            for row in rows
        ]


@contextmanager
def listed(request: Request) -> Iterator[Progress]:
    """Around the work for ``request`` in this process, which reports to what it is given; what is stored already is no
    job.
    """
    if stored(request):
        yield silent
        return
    began = time.time()
    try:
        with _told(request, began) as progress:
            yield progress
    except EngineError as error:
        _note(request, "failed", str(error), began)
        raise
    except KeyboardInterrupt:
        _note(request, "cancelled", "Stopped on the command line.", began)
        raise
    _note(request, "done", "Done.", began)


class _Word:
    """The progress of a job, and the thread that tells of it."""

    def __init__(self, job: Job) -> None:
        self._job, self._fraction, self._message = job, 0.0, ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="job-word", daemon=True)
        self._thread.start()

    def __call__(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        self._fraction, self._message = fraction, message

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _tell(self) -> None:
        """Say so every second, until the end or until the disk is full, which is told once."""
        job = self._job
        try:
            while True:
                said = f"{WHERE}: {self._message}" if self._message else f"{WHERE}."
                about = (job.key, job.kind, job.label, job.spec, job.page, said, self._fraction, job.created)
                _change("INSERT OR REPLACE INTO outside_jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *about, time.time())
                if self._ended.wait(EVERY):
                    break
            _change("DELETE FROM outside_jobs WHERE key = ? OR seen < ?", job.key, time.time() - LOST)
        except StoreError as error:
            _warn(error)


@contextmanager
def _told(request: Request, began: float) -> Iterator[Progress]:
    job = _job(request, "running", "", began)
    if job is None:
        yield silent
        return
    word = _Word(job)
    try:
        yield word
    finally:
        word.end()


def _note(request: Request, status: Status, message: str, began: float) -> None:
    """A full disk, or bars that are gone, keep it from being listed, not from being done."""
    job = _job(request, status, message, began)
    try:
        if job is not None:
            listing.add_ended(job)
    except StoreError as error:
        _warn(error)


def _job(request: Request, status: Status, message: str, began: float) -> Job | None:
    """The job; None where it cannot be named."""
    page = PAGES.get(getattr(request.shown_with(), "kind", ""), "")
    try:
        key, plain, fraction = job_key(request), canonical_json(request), float(status == "done")
    except EngineError as error:
        _warn(error)
        return None
    ended = None if status == "running" else time.time()
    return Job(
        key=key,
        page=page,
        kind=request.kind,
        label=request.label(),
        spec=plain,
        status=status,
        message=message,
        fraction=fraction,
        created=began,
        started=began,
        finished=ended,
    )


def _change(statement: str, *values: object) -> None:
    with connect() as database:
        database.execute(statement, values)


def _warn(error: Exception) -> None:
    _log.warning("The list of jobs is incomplete: %s", error)
