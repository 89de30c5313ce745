"""A brush on twenty years of daily equity: ``python -m tests.benchmarks.brush`` prints its rows.

From the report of the zoom, as a drag ends, to the frame after the strip, the cards and the words of the part are
drawn; and to that after the first of the charts of the part, which follow.
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
from engine.backtest.spec import BacktestSpec
from tests.benchmarks.browser import chromium, milliseconds
from tests.benchmarks.waiting import settle, wait
from tests.support.workbench import server

BARS, RUNS = 5_040, 9
PREPARE = "from tests.benchmarks.brush import store; store()"
PLOT = """document.querySelector('[data-graph="backtest-equity"] .js-plotly-plot')"""
ROLLING = """document.querySelector('[data-graph="backtest-rolling"] .js-plotly-plot')"""
KPIS, WORDS = "document.getElementById('backtest-kpis')", "document.getElementById('backtest-span-words')"
READY = f"""const plot = {PLOT}, other = {ROLLING};
return !!plot && !!plot.data && plot.data.length > 1 && plot.dataset.attached === 'true'
  && other && other.data.length > 1
  && !!document.querySelector('#backtest-regimes td')"""
DRAG = f"""const plot = {PLOT};
window.before = [{KPIS}.textContent, {WORDS}.textContent, String({ROLLING}._fullData[0].x[0])];
Plotly.relayout(plot, {{'xaxis.range[0]': '%s', 'xaxis.range[1]': '%s'}});"""
FIGURES = f"return {KPIS}.textContent !== window.before[0] && {WORDS}.textContent !== window.before[1]"
CHARTS = f"return String({ROLLING}._fullData[0].x[0]) !== window.before[2]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.brush")
    parser.add_argument("--runs", type=int, default=RUNS)
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        for row in rows(driver, Path(folder), parser.parse_args().runs):
            print(f"| {' | '.join(row)} |")


def rows(driver: Any, folder: Path, runs: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    with server(folder) as running:
        environment = os.environ | {"STRATOSCOPE_CONFIG": str(running.config)}
        subprocess.run([sys.executable, "-c", PREPARE], env=environment, check=True)
        driver.get(f"{running.address}/backtest?spec={to_query(spec())}")
        wait(driver, READY, 240)
        settle(running)
        figures, charts = ([_brushed(driver, place, done) for place in range(runs)] for done in (FIGURES, CHARTS))
    return [
        _row("brush on 20 years of daily equity to recomputed figures", "200 ms", figures),
        _row("the same to the first of the charts that follow", "", charts),
    ]


def spec() -> BacktestSpec:
    """Three symbols over twenty years, with some thousand fills."""
    return BacktestSpec.parse(
        {
            "market": {"collection": "long", "symbols": ["S0", "S1", "S2"]},
            "strategy": {"kind": "sma_cross", "fast": 5, "slow": 20},
            "costs": {"commission": 5, "slippage": 3},
        }
    )


def store() -> None:
    """Keep the bars where the configuration says, and run the backtest."""
    import numpy as np

    import engine
    from engine.market.sources.stored import save
    from tests.support.market import make_bars

    random = np.random.default_rng(1)
    days = np.arange(np.datetime64("2005-01-03"), np.datetime64("2026-01-01"))
    days = days[np.is_busday(days)][:BARS].astype("datetime64[ms]")
    for place in range(3):
        close = 100 * np.exp(np.cumsum(random.normal(0.0003, 0.012, BARS)))
        save(make_bars(close, time=days, interval="1d", collection="long", symbol=f"S{place}"))
    engine.run(spec())


def _brushed(driver: Any, place: int, done: str) -> float:
    found = milliseconds(driver, DRAG % (f"{2007 + place}-03-01", f"{2014 + place}-09-30"), done)
    time.sleep(1.5)
    return found


def _row(what: str, target: str, values: list[float]) -> tuple[str, ...]:
    return what, target, f"{statistics.median(values):.0f} ms", f"{min(values):.0f} ms to {max(values):.0f} ms"


if __name__ == "__main__":
    main()
