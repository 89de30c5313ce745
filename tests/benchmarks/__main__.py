"""``python -m tests.benchmarks``: how the workbench feels on this machine, as a table in Markdown.

Every figure is the median of several runs in a headless Chromium against a server in a process of its own, with an
empty cache. Times of clicks are taken inside the page, from the click to the frame after the result is drawn. The last
two rows are no times: they say how often luck is taken for skill.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from dashboard.state import to_query
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.axes import Axis
from engine.strategies.kinds.sma_cross import SmaCross
from tests.benchmarks import (
    allocations,
    brush,
    cancel,
    conditions,
    correlation,
    expressions,
    features,
    first_backtest,
    harness,
    honesty,
    information_coefficient,
    live,
    model_folds,
    model_noise,
    neural,
    one_run,
    planted_signal,
    predict,
    question,
    rolling,
    routing,
    store,
    sweep,
    sweep_device,
    talib_outputs,
    zoom,
)
from tests.benchmarks.backtest_page import FAST, MAPPED, SLIPPAGE, SWEEP, backtest, typed
from tests.benchmarks.browser import chromium, milliseconds
from tests.benchmarks.waiting import settle, wait
from tests.support.workbench import server

HEAVY = ("torch", "mlx", "vectorbt", "lightgbm", "numba", "talib", "distributed")
READY = "return !!document.querySelector('.js-plotly-plot .main-svg') && document.readyState === 'complete'"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="runs of each measurement")
    runs = parser.parse_args().runs
    print(f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| what | must reach | median | lowest to highest |\n|---|---|---|---|", flush=True)
    for row in measured(runs):
        print(f"| {' | '.join(row)} |", flush=True)  # as they come: the whole takes some eight minutes


def measured(runs: int) -> Iterator[tuple[str, ...]]:
    """The rows of the table, one after the other."""
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        yield from start(driver, Path(folder), max(runs // 2, 3))
        yield from first_backtest.rows(driver, Path(folder) / "first", 3)
        yield from question.rows(driver, Path(folder) / "question")
        yield from clicks(driver, Path(folder) / "clicks", runs)
        yield from drawn(driver, Path(folder) / "features", 2 * runs)
        yield maps(driver, Path(folder) / "maps", runs)
        yield maps(driver, Path(folder) / "large maps", runs, side=316, target="1200 ms")
        yield nothing(driver, Path(folder) / "nothing", runs * 3)
        yield from correlation.rows(driver, Path(folder) / "correlation")
        yield from predict.rows(Path(folder) / "predict")
        yield from live.browser_rows(driver, Path(folder) / "live", runs)
        yield from zoom.rows(driver, Path(folder) / "zoom", len(zoom.GESTURES))
        yield from brush.rows(driver, Path(folder) / "brush", brush.RUNS)
    yield modules()
    yield one_run.row(2 * runs)
    yield from store.rows(max(runs // 2, 3))
    yield from expressions.rows(runs)
    yield from rolling.rows(runs)
    yield from talib_outputs.rows(runs)
    yield from sweep.rows(runs)
    yield from sweep_device.rows()
    yield from conditions.rows(runs)
    yield from allocations.rows(runs)
    yield from neural.rows(max(runs // 2, 3))
    yield information_coefficient.row()
    yield model_folds.row()
    yield honesty.row()
    yield model_noise.row()
    yield from planted_signal.rows()
    yield cancel.row()
    yield from harness.rows()
    yield from routing.rows()
    yield from live.rows()


def start(driver: Any, folder: Path, runs: int) -> list[tuple[str, ...]]:
    """Start of the server to the first page drawn, and the idle server's memory."""
    seconds, memory = [], []
    for attempt in range(runs):
        with server(folder / f"start{attempt}") as running:
            driver.get(running.address)
            wait(driver, READY)
            seconds.append(time.perf_counter() - running.asked)
            settle(running)
            memory.append(psutil.Process(running.process.pid).memory_info().rss / 1e6)
    return [
        row("`make run`, installed, to first page interactive", "4 s", seconds, "s", 2),
        row("memory of the idle server process, workers apart", "250 MB", memory, "MB", 0),
    ]


def clicks(driver: Any, folder: Path, runs: int) -> list[tuple[str, ...]]:
    """Click on "Run backtest" to equity drawn: computed, then stored."""
    with server(folder) as running:
        driver.get(f"{running.address}/backtest")
        wait(driver, f"return !!{FAST}")
        settle(running)
        backtest(driver, 20)  # the first one finds the workers' caches cold
        computed = [backtest(driver, fast) for fast in range(21, 21 + runs)]
        stored = [backtest(driver, fast) for fast in range(21, 21 + runs)]
    return [
        row('click "run" to equity drawn, workers warm, nothing stored', "800 ms", computed, "ms", 0),
        row("the same with the result stored", "200 ms", stored, "ms", 0),
    ]


def drawn(driver: Any, folder: Path, runs: int) -> list[tuple[str, ...]]:
    """A window changed on the features page to the chart drawn."""
    new, stored = features.taken(driver, folder, runs)
    return [
        row("a parameter changed to the chart of twenty indicators drawn", "150 ms", new, "ms", 0),
        row("the same of a stored set", "50 ms", stored, "ms", 0),
    ]


def maps(driver: Any, folder: Path, runs: int, side: int = 100, target: str = "1000 ms") -> tuple[str, ...]:
    """Click on "Run sweep" to the map of ``side`` x ``side`` combinations, each time new ones; a permalink's are the
    first.
    """
    base = BacktestSpec(strategy=SmaCross(fast=50, slow=150), costs=Costs(commission=5, slippage=0))
    axes = (
        Axis(path="strategy.fast", low=2, high=1 + side),
        Axis(path="strategy.slow", low=2 + side, high=1 + 2 * side),
    )
    with server(folder) as running:
        driver.get(f"{running.address}/backtest?spec={to_query(SweepSpec(base=base, axes=axes))}")
        wait(driver, MAPPED, 120)
        settle(running)
        taken = []
        for slippage in range(1, runs + 2):
            typed(driver, SLIPPAGE, slippage)
            time.sleep(2)  # the forms' checks are not part of the click
            taken.append(milliseconds(driver, SWEEP, MAPPED))
    what = f'click "run sweep" to the map of {side * side:,} combinations, warm, nothing stored'
    return row(what, target, taken[1:], "ms", 0)


def nothing(driver: Any, folder: Path, runs: int) -> tuple[str, ...]:
    """A background callback that does nothing."""
    with server(folder, ("-m", "tests.benchmarks.nothing")) as running:
        driver.get(f"{running.address}/nothing")
        wait(driver, "return !!document.getElementById('nothing-go')")
        settle(running)
        go = "document.getElementById('nothing-go').click()"
        done = "return document.getElementById('nothing-done').textContent === '%d'"
        taken = [milliseconds(driver, go, done % count) for count in range(1, runs + 2)]
    return row("an empty background callback, click to result", "150 ms", taken[1:], "ms", 0)


def modules() -> tuple[str, ...]:
    """Which heavy modules creating the app imports."""
    code = (
        "import sys; from dashboard.app import create_app; from engine.core.config import settings; "
        "create_app(settings());"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return (f"modules that creating the app must not import: {', '.join(HEAVY)}", "none", " ".join(found) or "none", "")


def row(what: str, target: str, values: list[float], unit: str, decimals: int) -> tuple[str, ...]:
    def text(value: float) -> str:
        return f"{value:.{decimals}f} {unit}"

    return what, target, text(statistics.median(values)), f"{text(min(values))} to {text(max(values))}"


if __name__ == "__main__":
    main()
