"""Memory of a training, before it begins."""

from __future__ import annotations

import math

from engine.core.config import settings
from engine.core.errors import DataError
from engine.core.memory import available_memory
from engine.jobs.worker import this_worker
from engine.models.spec import ModelSpec

_CELL = 8  # bytes: each value of the matrix once, which is the least that any model needs
_ROW = 64  # bytes of a row's time, place, label and prediction
_PROGRAM = 500_000_000
"""Bytes of a process that has loaded the libraries."""


def require_memory(spec: ModelSpec) -> None:
    """Raise ``DataError``, with how much would fit, where not even the rows of ``spec`` do. What a model needs beyond
    them is known once it is trained: a lack of that is told by ``call_model``, or by the job whose process it ends.
    """
    rows, columns = spec.expected_size()
    needed, room = rows * (columns * _CELL + _ROW), usable_memory()
    if needed <= room:
        return
    share, count = room / needed, len(spec.market.symbols)
    symbols, features = math.floor(count * share), math.floor(columns * share)
    fits = [
        *([f"{symbols:,} of the {count:,} symbols"] if symbols else []),
        *([f"{features:,} of the {columns:,} features"] if features else []),
        f"{math.floor(100 * share)}% of the days",
    ]
    raise DataError(
        f"The rows of this training take {needed / 1e9:,.1f} GB and {room / 1e9:,.1f} GB may be used: "
        f"{' or '.join(fits)} would fit."
    )


def usable_memory() -> float:
    """Bytes for the rows: what is free, and of a worker what its limit leaves."""
    free = float(available_memory())
    if this_worker() is None:
        return free
    return max(min(free, settings().compute.memory_limit_mb * 1e6 - _PROGRAM), 0.0)
