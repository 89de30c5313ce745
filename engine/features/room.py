"""Room for a matrix of features: in memory, or on the disk where it does not fit."""

from __future__ import annotations

import mmap
import shutil
import tempfile

import numpy as np

from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import DataError
from engine.core.sizes import size_text
from engine.market.bars import Floats

SHARE = 0.25
"""Part of a worker's memory that a matrix may take; the rest is for bars, indicators and what is trained on it."""
_DISK = 0.45  # part of the free disk: the matrix is there once as it is computed, and once as it is stored


_HUGE = 4 * 2**20  # bytes from which NumPy asks the system for huge pages


def in_memory(rows: int, columns: int) -> Floats:
    """An empty float64 (rows, columns), of small pages: what is written once from end to end gains nothing from huge
    ones, and a virtual machine was measured to give those at a seventh of the speed.
    """
    if 8 * rows * columns < _HUGE:
        return np.empty((rows, columns))
    pages = mmap.mmap(-1, 8 * rows * columns, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, np.float64).reshape(rows, columns)


def room_for(rows: int, columns: int) -> Floats:
    """An empty float64 (rows, columns): in memory, or a file that vanishes with it under the cache where it is larger
    than ``SHARE`` of ``compute.memory_limit_mb``. Raises ``DataError`` with its size where the disk has no room for it,
    or the store of results would not keep it.
    """
    size = 8 * rows * columns
    if size <= SHARE * settings().compute.memory_limit:
        return in_memory(rows, columns)
    require_room(rows, columns)
    folder = prepare_cache(settings().cache)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(size)
            return np.memmap(file, np.float64, "r+", shape=(rows, columns))
    except OSError as error:
        raise DataError(f"{_described(rows, columns)} cannot be kept on the disk: {error.strerror}.") from None


def require_room(rows: float, columns: int) -> None:
    """Raise ``DataError`` where a matrix of that size cannot be computed and stored."""
    config, size = settings(), 8.0 * rows * columns
    free = _DISK * shutil.disk_usage(prepare_cache(config.cache)).free
    limit = min(free, config.results_limit or free)
    if size > max(limit, SHARE * config.compute.memory_limit):
        raise DataError(
            f"{_described(rows, columns)} takes {size_text(size)}, and the free disk and 'results_limit_gb' of "
            f"config.yaml have room for {size_text(limit)}: choose fewer features or symbols, or a shorter range."
        )


def _described(rows: float, columns: int) -> str:
    return f"A matrix of {columns:,} feature{'s' * (columns != 1)} and {rows:,.0f} bars"
