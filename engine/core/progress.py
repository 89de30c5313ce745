"""Progress of a computation, and its cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from engine.core.errors import Cancelled
from engine.core.store import Trial

_CHECK: ContextVar[Callable[[], None]] = ContextVar("check_cancelled", default=lambda: None)

COUNTED_AFTER = 1.0
"""Seconds that a search takes before the ledger hears of it on its way."""


class Progress(Protocol):
    """Called by a computation, at least ten times a second of work where its parts allow it.

    ``fraction`` lies in [0, 1]; ``message`` is a short sentence; ``partial`` is a small JSON-able preview of the
    result (a loss curve so far). A call raises ``Cancelled`` once the job has been cancelled.
    """

    def __call__(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None: ...


def silent(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
    """Progress that is not reported."""


def check_cancelled() -> None:
    """Raise ``Cancelled`` where the job that this thread computes has been cancelled.

    For loops deep below the job's progress, such as the batches of a training: it reports nothing. Where no job is
    computed it does nothing.
    """
    _CHECK.get()()


@contextmanager
def cancellable(check: Callable[[], None]) -> Iterator[None]:
    """Have ``check_cancelled`` call ``check`` inside."""
    token = _CHECK.set(check)
    try:
        yield
    finally:
        _CHECK.reset(token)


def section(progress: Progress, start: float, stop: float) -> Progress:
    """Progress of one part of a computation, mapped onto [start, stop] of the whole."""

    def report(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        progress(start + (stop - start) * min(max(fraction, 0.0), 1.0), message, partial)

    return report


class Counted:
    """Progress of what may be a search, which sets ``trial`` to a function that returns its trial so far.

    That is given to ``enter`` at every tenth, once the search has taken ``COUNTED_AFTER``: its process may be killed,
    of which nothing inside it hears.
    """

    def __init__(self, progress: Progress, enter: Callable[[Trial], None]) -> None:
        self.trial: Callable[[], Trial] | None = None
        self._progress, self._enter = progress, enter
        self._from, self._due = time.monotonic() + COUNTED_AFTER, 0.0

    def __call__(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        self._progress(fraction, message, partial)
        if self.trial is not None and fraction >= self._due and time.monotonic() > self._from:
            self._due = fraction + 0.1
            self._enter(self.trial())


@contextmanager
def counting(progress: Progress, trial: Callable[[], Trial]) -> Iterator[None]:
    """On cancellation, record ``trial()`` as trials; of a killed process too, as far as ``progress`` counts."""
    if isinstance(progress, Counted):
        progress.trial = trial
    try:
        yield
    except Cancelled as stopped:
        stopped.trial = trial()
        raise
