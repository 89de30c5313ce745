"""Correlation of 500 symbols, click to drawn: ``python -m tests.benchmarks.correlation`` prints its rows.

The tab is open already, so the libraries are loaded; every click asks for another kind of returns: the first time of
each it is computed, then it is stored.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dashboard.state import to_query
from engine.market.spec import MarketSpec
from tests.benchmarks.browser import chromium, milliseconds
from tests.benchmarks.waiting import settle, wait
from tests.support.workbench import server

SYMBOLS, BARS = 500, 5_000
NAMES = tuple(f"S{index:03d}" for index in range(SYMBOLS))
PREPARE = "from tests.benchmarks.correlation import store; store()"
PLOT = """document.querySelector('[data-graph="data-correlation"] .js-plotly-plot')"""
READY = f"const plot = {PLOT}; return !!plot && !!plot.data && plot.data.length > 0"
CLICK = f"""
window.mapBefore = {PLOT}.data;
[...document.querySelectorAll('[data-graph="data-correlation"] .seg input')].find(item => item.value === '%s').click();
"""
DRAWN = f"return {PLOT}.data !== window.mapBefore"
KINDS = ("week", "bar", "month", "day")


def main() -> None:
    argparse.ArgumentParser(prog="python -m tests.benchmarks.correlation").parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        for row in rows(driver, Path(folder)):
            print(f"| {' | '.join(row)} |")


def rows(driver: Any, folder: Path) -> list[tuple[str, ...]]:
    """The rows of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = MarketSpec(collection="many", symbols=NAMES)
    with server(folder) as running:
        environment = os.environ | {"STRATOSCOPE_CONFIG": str(running.config)}
        subprocess.run([sys.executable, "-c", PREPARE], env=environment, check=True)
        driver.get(f"{running.address}/data?spec={to_query(spec)}&tab=correlation")
        wait(driver, READY, 180)
        settle(running)
        computed = [_drawn(driver, kind) for kind in KINDS[:3]]
        stored = [_drawn(driver, kind) for kind in (*KINDS, *KINDS)]
    return [
        _row("correlation of 500 symbols, click to drawn", "1000 ms", computed),
        _row("the same, stored", "1000 ms", stored),
    ]


def store() -> None:
    """Keep the symbols where the configuration says; every fifth of them begins later than the others."""
    import numpy as np

    from engine.market.sources.stored import save
    from tests.support.market import make_bars

    random = np.random.default_rng(1)
    days = np.arange(np.datetime64("2000-01-03"), np.datetime64("2026-01-01"))
    days = days[np.is_busday(days)][-BARS:].astype("datetime64[ms]")
    common, sectors = random.normal(0, 0.01, BARS), random.normal(0, 0.01, (BARS, 10))
    for index, symbol in enumerate(NAMES):
        close = 100 * np.exp(np.cumsum(common + sectors[:, index % 10] + random.normal(0, 0.012, BARS)))
        first = index % 7 * 100 if index % 5 == 0 else 0
        save(make_bars(close[first:], time=days[first:], collection="many", symbol=symbol))


def _drawn(driver: Any, kind: str) -> float:
    taken = milliseconds(driver, CLICK % kind, DRAWN)
    time.sleep(1.5)  # the pair below is drawn too
    return taken


def _row(what: str, target: str, values: list[float]) -> tuple[str, ...]:
    return what, target, f"{statistics.median(values):.0f} ms", f"{min(values):.0f} ms to {max(values):.0f} ms"


if __name__ == "__main__":
    main()
