"""How much of the machine is in use right now."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Load:
    """``processor`` is the fraction of all threads that was busy since the last call, 0 at the first; ``memory_used``
    is in bytes, what could be had at once not counted.
    """

    processor: float
    memory_used: int


def load() -> Load:
    """The load as of now; never waits."""
    memory = psutil.virtual_memory()
    return Load(psutil.cpu_percent(interval=None) / 100, memory.total - memory.available)
