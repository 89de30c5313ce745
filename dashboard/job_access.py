"""The jobs of the app that answers a request: what the tray, the run bars and pages ask of the background manager."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol, cast

from flask import current_app

from dashboard.job_list import Job

MANAGER = "stratoscope.manager"


class Jobs(Protocol):
    """The part of the background manager that lists and cancels."""

    def active(self) -> Sequence[Job]:
        """Queued and running jobs, oldest first."""
        ...

    def recent(self, limit: int) -> Sequence[Job]:
        """The latest jobs of any status, newest first."""
        ...

    def cancel(self, key: str) -> bool:
        """Stop the job with this run key; False if there is none."""
        ...


def current_jobs() -> Jobs | None:
    """The background manager of the app that answers this request, if it has one."""
    return cast("Jobs | None", current_app.extensions.get(MANAGER))


def cancel(key: str, within: float = 0.0) -> None:
    """Cancel the job with this run key, or the one that appears under it ``within`` so many seconds."""
    jobs, limit = current_jobs(), time.monotonic() + within
    while jobs is not None and not jobs.cancel(key) and time.monotonic() < limit:
        time.sleep(0.05)
