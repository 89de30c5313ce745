"""What the live readings of the machine cost: the sampler, and drawing an hour of them on the server."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from flask import Flask

from dashboard.pages.hardware import callbacks, sampler
from dashboard.pages.hardware.readings import Reader
from tests.support.machine import QUIET

READINGS, HOUR, DAY, CORES = 200, 3600, 86_400, 16


def rows() -> list[tuple[str, ...]]:
    """For the table of the benchmarks."""
    share = _share()
    young, old = _drawn(0), _drawn(DAY)
    spread = f"{young[0]:.0f} to {young[-1]:.0f} ms"
    return [
        ("live readings of the machine, share of one core", "1%", f"{share:.2%}", ""),
        (
            f"an hour of them, {CORES} cores, drawn by the server",
            "100 ms",
            f"{statistics.median(young):.0f} ms",
            spread,
        ),
        ("the same after a day", "the same", f"{statistics.median(old):.0f} ms", f"{old[0]:.0f} to {old[-1]:.0f} ms"),
    ]


def _share() -> float:
    """Processor seconds of a reading: there is one each second."""
    reader = Reader(None)
    started = time.process_time()
    for _ in range(READINGS):
        reader.read()
    taken = time.process_time() - started
    reader.close()
    return taken / READINGS / sampler.PERIOD


def _drawn(begin: int) -> list[float]:
    """Milliseconds of an answer, the quickest first; the ring has been filled since ``begin`` seconds ago."""
    random = np.random.default_rng(0)
    ring = sampler._Ring(HOUR)
    for moment in range(-begin, HOUR):
        if moment >= 0 or moment % 60 == 0:  # what falls out of the ring leaves nothing behind
            cores = tuple(random.uniform(0, 100, CORES).tolist())
            ring.add(replace(QUIET, moment=1e9 + moment, cores=cores))
    watching = SimpleNamespace(samples=ring.samples, problem="", usage=None)
    taken = []
    with Flask("benchmark").app_context(), patch.object(sampler, "of", lambda server: watching):
        for _ in range(9):
            started = time.perf_counter()
            found = callbacks.show_live(1, HOUR)
            for figure in found[:4]:
                if figure is not None:
                    figure.to_json()
            taken.append(1e3 * (time.perf_counter() - started))
    return sorted(taken[2:])
