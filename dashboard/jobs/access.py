"""The jobs of the app that answers a request: what the tray, the run bars and pages ask of the background manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from flask import current_app

from dashboard.jobs.listing import Job

MANAGER = "stratoscope.manager"


class Jobs(Protocol):
    """The part of the background manager that lists and cancels."""

    def active(self) -> Sequence[Job]:
        """Queued and running jobs, oldest first."""
        ...

    def at_work(self) -> Mapping[int, tuple[str, ...]]:
        """Keys of the jobs that each worker process computes, whole or in part, by its process id."""
        ...

    def recent(self, limit: int) -> Sequence[Job]:
        """The latest jobs of any status, newest first."""
        ...

    def cancel(self, key: str, within: float = 0.0) -> bool:
        """Stop the job with this run key, or the one that is asked for ``within`` so many seconds; False if there is
        none yet.
        """
        ...


def current_jobs() -> Jobs | None:
    """The background manager of the app that answers this request, if it has one."""
    return cast("Jobs | None", current_app.extensions.get(MANAGER))


def cancel(key: str, within: float = 0.0) -> None:
    """Cancel the job with this run key, or the one that appears under it ``within`` so many seconds. Returns at once:
    nobody who asks for what never comes may hold a thread of the server.
    """
    if jobs := current_jobs():
        jobs.cancel(key, within)
