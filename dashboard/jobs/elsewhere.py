"""Jobs of other processes on the same cache, such as ``stratoscope run``: they are listed once they have ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dashboard.jobs import listing
from dashboard.jobs.listing import Job, Status
from dashboard.jobs.requested import Request, job_key, stored
from engine.core.errors import EngineError, StoreError
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
_log = logging.getLogger("stratoscope.jobs")


@contextmanager
def listed(request: Request) -> Iterator[None]:
    """Around the work for ``request`` in this process; what is stored already is no job."""
    if stored(request):
        yield
        return
    began = time.time()
    try:
        yield
    except EngineError as error:
        _note(request, "failed", str(error), began)
        raise
    except KeyboardInterrupt:
        _note(request, "cancelled", "Stopped on the command line.", began)
        raise
    _note(request, "done", "Done.", began)


def _note(request: Request, status: Status, message: str, began: float) -> None:
    """A full disk, or bars that are gone, keep it from being listed, not from being done."""
    shown = request.shown_with()
    page = PAGES.get(getattr(shown, "kind", ""), "")
    try:
        key, plain, fraction = job_key(request), canonical_json(request), float(status == "done")
        listing.add_ended(
            Job(key, page, request.kind, request.label(), plain, status, message, fraction, began, began, time.time())
        )
    except (EngineError, StoreError) as error:
        _log.warning("The list of jobs is incomplete: %s", error)
