"""Progress of a computation, and its cancellation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Progress(Protocol):
    """Called by a computation, at least ten times a second of work where its parts allow it.

    ``fraction`` lies in [0, 1]; ``message`` is a short sentence; ``partial`` is a small JSON-able preview of the
    result (a loss curve so far). A call raises ``Cancelled`` once the job has been cancelled.
    """

    def __call__(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None: ...


def silent(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
    """Progress that goes nowhere: for computations too short to watch, and for callers who do not."""


def section(progress: Progress, start: float, stop: float) -> Progress:
    """Progress of one part of a computation, mapped onto [start, stop] of the whole."""

    def report(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        progress(start + (stop - start) * min(max(fraction, 0.0), 1.0), message, partial)

    return report
