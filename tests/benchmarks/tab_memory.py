"""Memory that a tab keeps: ``python -m tests.benchmarks.tab_memory`` prints both rows, and how it grew.

JavaScript's heap after a collection, in Chromium. The live page draws a reading each second, for half an hour.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dashboard.state import to_query
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.axes import Axis
from engine.strategies.kinds.sma_cross import SmaCross
from tests.benchmarks import live
from tests.benchmarks.backtest_page import MAPPED, SLIPPAGE, SWEEP, backtest, typed
from tests.benchmarks.browser import chromium, milliseconds
from tests.benchmarks.waiting import settle, wait
from tests.support.workbench import server

HALF_AN_HOUR, MINUTE, RUNS, SWEEPS = 1800, 60, 50, 20
DRAWN = f"{live.PLOTS}[0].lastDrawn.figure"
TAB = "document.getElementById('backtest-tabs-%s').click()"


def rows(driver: Any, folder: Path) -> list[tuple[str, ...]]:
    what = "growth of a tab's heap, half an hour of the live page"
    return [
        (what, "20 MB", *told(live_page(driver, folder / "live"))),
        (f"the same, {RUNS} backtests and {SWEEPS} sweeps", "60 MB", *told(hour_of_work(driver, folder / "work"))),
    ]


def told(held: list[float]) -> tuple[str, str]:
    print(" ".join(f"{megabytes:.1f}" for megabytes in held), file=sys.stderr)
    return f"{held[-1] - held[0]:+.1f} MB", f"from {held[0]:.1f} MB"


def live_page(driver: Any, folder: Path, seconds: float = HALF_AN_HOUR) -> list[float]:
    """Megabytes after each tenth of the time, the window of a minute full from the start."""
    with server(folder) as running:
        driver.get(f"{running.address}/hardware")
        wait(driver, f"return !!{live.SHOWN}")
        settle(running)
        time.sleep(MINUTE)
        held = [heap(driver)]
        for _ in range(10):
            driver.execute_script(f"window.before = {DRAWN}")
            time.sleep(seconds / 10)
            held.append(heap(driver))
            assert driver.execute_script(f"return {DRAWN} !== window.before"), "The page stands still."
    return held


def hour_of_work(driver: Any, folder: Path) -> list[float]:
    """Megabytes after each ten backtests and each five sweeps, once one of either has been drawn."""
    base = BacktestSpec(strategy=SmaCross(fast=50, slow=150), costs=Costs(commission=5, slippage=0))
    axes = (Axis(path="strategy.fast", low=2, high=51), Axis(path="strategy.slow", low=102, high=151))
    with server(folder) as running:
        driver.get(f"{running.address}/backtest?spec={to_query(SweepSpec(base=base, axes=axes))}")
        wait(driver, MAPPED, 120)
        settle(running)
        driver.execute_script(TAB % "performance")
        backtest(driver, 20)
        held = [heap(driver)]
        for fast in range(21, 21 + RUNS):
            backtest(driver, fast)
            if fast % 10 == 0:
                held.append(heap(driver))
        driver.execute_script(TAB % "sweep")
        for slippage in range(1, SWEEPS + 1):
            typed(driver, SLIPPAGE, slippage)
            time.sleep(1)
            milliseconds(driver, SWEEP, MAPPED)
            if slippage % 5 == 0:
                held.append(heap(driver))
        driver.execute_script(TAB % "performance")
        held.append(heap(driver))
    return held


def heap(driver: Any) -> float:
    """Megabytes of JavaScript's heap, twice collected: what finalisers let go is gone then."""
    time.sleep(1)
    for _ in range(2):
        driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    return float(driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]) / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        for row in rows(driver, Path(folder)):
            print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
