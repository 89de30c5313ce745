"""Kernels on all cores of this process, in pieces short enough to be watched and cancelled.

Kernels release the interpreter, so threads suffice: what they read is shared and nothing is copied.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

_PAUSE = 0.1  # seconds between two looks at whether anybody still wants the work
_FIRST, _LARGEST = 2_000, 200_000  # combinations of a piece


def cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def spread(work: Callable[[Places], None], places: Places, step: Callable[[int], None]) -> None:
    """``work`` on all of ``places``, in pieces; ``step`` hears of each that is done, and stops the rest by raising."""
    threads = cores()
    size, at = _FIRST, 0
    if len(places) <= _FIRST:
        work(places)
        step(len(places))
        return
    with ThreadPoolExecutor(threads) as pool:
        while at < len(places):
            began = time.perf_counter()
            pieces = [places[at + n * size : at + (n + 1) * size] for n in range(threads)]
            for done in [pool.submit(work, piece) for piece in pieces if len(piece)]:
                done.result()
            at += threads * size
            step(sum(len(piece) for piece in pieces))
            size = _next(size, time.perf_counter() - began, (len(places) - at) // threads + 1)


def _next(size: int, taken: float, left: int) -> int:
    """How large the next pieces are to be, for each to take the pause; what is left is divided evenly."""
    wanted = int(size * min(_PAUSE / max(taken, 1e-6), 16.0))
    return max(min(wanted, _LARGEST, left), 1)


def each(work: Callable[[int, int], None], count: int, least: int) -> None:
    """``work(start, stop)`` over [0, count), divided among the cores if each gets ``least`` or more."""
    threads = min(cores(), max(count // least, 1))
    if threads == 1:
        work(0, count)
        return
    bounds = [count * n // threads for n in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))
