"""Current load of the machine."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Load:
    """``runnable`` is the mean number of threads that had or wanted a processor over the last minute, None where the
    system does not say (getloadavg(3)); ``memory_used`` is in bytes, what could be had at once not counted.
    """

    runnable: float | None
    memory_used: int


def load() -> Load:
    """The load as of now; never waits, so that no share of a processor is told, which takes two looks."""
    memory = psutil.virtual_memory()
    runnable = psutil.getloadavg()[0] if hasattr(psutil, "getloadavg") else None
    return Load(runnable, memory.total - memory.available)
