"""Cost of the live readings of the machine: the sampler, and drawing an hour of them on the server."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
from flask import Flask
from plotly.io.json import to_json_plotly

from dashboard.pages.hardware import callbacks, sampler
from dashboard.pages.hardware.readings import Reader
from tests.benchmarks.browser import milliseconds
from tests.benchmarks.waiting import settle, wait
from tests.support.machine import QUIET
from tests.support.workbench import server

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


STILL = "dash_clientside.set_props('hardware-interval', {disabled: true})"
WHOLE = "dash_clientside.set_props('hardware-window', {value: 3600})"
PLOTS = "[...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.offsetParent && plot.lastDrawn)"
TICK = f"""
window.before = {PLOTS}.map(plot => [plot.lastDrawn.figure, plot.data[0].y.bdata]);
dash_clientside.set_props('hardware-tick', {{data: Date.now()}});
"""
DRAWN = f"""
const plots = {PLOTS}, isNew = plots.every((plot, at) => plot.lastDrawn.figure !== window.before[at][0]);
return isNew && plots[0].data[0].y.bdata !== window.before[0][1];  // a quiet disk's line need not differ
"""
STEP = 6  # seconds that a point of an hour stands for: until there is a new one, nothing is drawn
SHOWN = """document.getElementById('{"graph":"hardware-cpu","role":"graph"}')?.querySelector('.js-plotly-plot')?.data"""
POINTS = f"return (({SHOWN} || [])[0]?.x?._inputArray?.length ?? 0) > 300  // as typed arrays travel"


def browser_rows(driver: Any, folder: Path, runs: int) -> list[tuple[str, ...]]:
    """A tick of the page to the hour drawn, by a young server and by one of a day."""
    found = []
    for age, what in (
        (HOUR, "a full hour of live readings, tick to drawn, server + browser"),
        (DAY, "the same after a day"),
    ):
        with server(folder / str(age), ("-m", "tests.benchmarks.hour", str(age))) as running:
            driver.get(f"{running.address}/hardware")
            wait(driver, f"return !!{SHOWN}")
            driver.execute_script(WHOLE)
            wait(driver, POINTS)
            settle(running)
            driver.execute_script(STILL)
            time.sleep(2)
            taken = sorted(_ticked(driver) for _ in range(runs))
        told = f"{taken[0]:.0f} to {taken[-1]:.0f} ms"
        found.append((what, "100 ms" if age == HOUR else "the same", f"{statistics.median(taken):.0f} ms", told))
    return found


def _ticked(driver: Any) -> float:
    """Milliseconds from a tick to all charts drawn, once there is a point that they do not show."""
    time.sleep(STEP - time.time() % STEP + 1.2)
    return milliseconds(driver, TICK, DRAWN)


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
            to_json_plotly(found[0])
            taken.append(1e3 * (time.perf_counter() - started))
    return sorted(taken[2:])
