"""Kernels on all cores of this process, in pieces short enough for progress and cancellation.

Kernels release the GIL, so threads suffice: they share their inputs without copies.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.backtest.sweeps.rows import Places
from engine.core.cores import logical_cores

_PAUSE = 0.1  # seconds between two checks for cancellation
_FIRST, _LARGEST = 2_000, 200_000  # combinations of a piece


def run_in_pieces(
    work: Callable[[Places], None], places: Places, step: Callable[[int], None], accounts: int = 1
) -> None:
    """Run ``work`` on all of ``places``, each a combination of so many ``accounts``, in pieces; ``step`` is called
    after each, and stops the rest by raising.
    """
    threads = logical_cores()
    size, at = max(_FIRST // accounts, 1), 0
    if len(places) <= size:
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
            size = _next_size(size, time.perf_counter() - began, (len(places) - at) // threads + 1)


def _next_size(size: int, taken: float, left: int) -> int:
    """Size of the next pieces, for each to take ``_PAUSE`` seconds; the remainder is divided evenly."""
    target = int(size * min(_PAUSE / max(taken, 1e-6), 16.0))
    return max(min(target, _LARGEST, left), 1)


def run_in_parts(work: Callable[[int, int], None], count: int, least: int) -> None:
    """Run ``work(start, stop)`` over [0, count), divided among the cores if each gets at least ``least``."""
    threads = min(logical_cores(), max(count // least, 1))
    if threads == 1:
        work(0, count)
        return
    bounds = [count * n // threads for n in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))
