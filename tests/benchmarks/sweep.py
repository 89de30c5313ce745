"""Sweeps against vectorbt: ``python -m tests.benchmarks.sweep`` prints the table, ``python -m tests.benchmarks`` too.

Each library has a process of its own and both the same task: closes and opens of 5,000 bars in, figures of each pair of
averages out, with everything in between (averages, crossings, accounts) inside the timing. Both are called once before.
vectorbt cannot hold 44,850 columns at once, so its rate is that of a sample of them, drawn with a seed, in parts of 500
columns, which it is quickest with.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.memory import peak_megabytes

BARS, WINDOWS, SAMPLE, PART = 5_000, range(2, 302), 2_000, 500
MANY, FAST, SLOW = 100, range(2, 22), range(30, 80)
"""Symbols, and the windows of a thousand combinations on them."""
COSTS = {"commission": 5, "slippage": 3}
STOPS = {"stop_loss": 0.05, "take_profit": 0.10}
CASES = {
    "returns": ("total return, Sharpe, trades", 1_500),
    "drawdown": ("the same with maximum drawdown", 800),
    "stops": ("the same with stop, target and fees in the path", 100),
}
ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sweep", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="runs of each measurement")
    parser.add_argument("--child", nargs=2, metavar=("WHO", "CASE"), help="for the processes that this one starts")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(CHILDREN[given.child[0]](given.child[1], given.runs)))
        return
    print("| what | must reach | median | lowest to highest |\n|---|---|---|---|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows(given.runs)))


def rows(runs: int) -> list[tuple[str, ...]]:
    """Lines of the table: ratios to vectorbt with both rates, memory, the time of a small sweep, and of the kernels."""
    found = []
    for case, (what, target) in CASES.items():
        ours = [pairs() / seconds for seconds in child("ours", case, 10 * runs)]  # each takes a hundredth of theirs
        theirs = [SAMPLE / seconds for seconds in child("vectorbt", case, max(runs // 2, 3))]
        ratio = statistics.median(ours) / statistics.median(theirs)
        rate = f"{ratio:,.0f} x ({statistics.median(ours):,.0f} against {statistics.median(theirs):,.0f} a second)"
        spread = f"{min(ours) / max(theirs):,.0f} to {max(ours) / min(theirs):,.0f} x"
        where = f"SMA cross, {pairs():,} combinations x {BARS:,} bars, " if case == "returns" else ""
        found.append((f"{where}{what}: ours / vectorbt", f"{target:,} x", rate, spread))
    many = [MANY * len(FAST) * len(SLOW) / seconds for seconds in child("symbols", "", runs)]
    what = f"SMA cross, {MANY} symbols x {len(FAST) * len(SLOW):,} combinations, a portfolio of each: accounts a second"
    found.append((what, "200,000", f"{statistics.median(many):,.0f}", f"{min(many):,.0f} to {max(many):,.0f}"))
    (peak, count, seconds) = child("memory", "", 1)
    found.append((f"peak memory of {count:,.0f} combinations ({seconds:.1f} s)", "500 MB", f"{peak:.0f} MB", ""))
    small = [1000 * seconds for seconds in child("small", "", runs)]
    spread = f"{min(small):.0f} to {max(small):.0f} ms"
    found.append(("10,000 combinations, warm, metrics alone", "200 ms", f"{statistics.median(small):.0f} ms", spread))
    warm = [child("kernels", "", 1)[0] for _ in range(3)]
    found.append(("kernels loaded from disk, when a worker starts", "", f"{statistics.median(warm):.2f} s", ""))
    found.append(("kernels compiled, once an installation", "", f"{compiled():.1f} s", ""))
    return found


def child(who: str, case: str, runs: int, folder: Path = ROOT) -> list[float]:
    """What a process of its own measures."""
    command = [sys.executable, "-m", "tests.benchmarks.sweep", "--child", who, case, "--runs", str(runs)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return list(json.loads(done.stdout.splitlines()[-1]))


def compiled() -> float:
    """Seconds to compile every kernel: in a copy of the engine that has no compiled code."""
    with tempfile.TemporaryDirectory() as folder:
        for package in ("engine", "tests"):
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / package, Path(folder) / package, ignore=unwanted)
        return child("kernels", "", 1, Path(folder))[0]


def pairs() -> int:
    return len(WINDOWS) * (len(WINDOWS) - 1) // 2


def walk(bars: int = BARS) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Open, high, low and close of a random walk."""
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, bars)))
    open = close * np.exp(random.normal(0, 0.01, bars))
    return open, np.maximum(open, close) * 1.003, np.minimum(open, close) * 0.997, close


def walks(count: int) -> Any:
    """``count`` random walks of their own."""
    from dataclasses import replace

    from engine.market.bars import Market
    from tests.support.market import make_bars

    found = []
    for place in range(count):
        random = np.random.default_rng(place)
        close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, BARS)))
        open = close * np.exp(random.normal(0, 0.01, BARS))
        made = make_bars(close, open=open, symbol=f"S{place}")
        found.append(replace(made, high=np.maximum(open, close) * 1.003, low=np.minimum(open, close) * 0.997))
    return Market(tuple(found))


def request(*axes: dict[str, Any], **fields: Any) -> Any:
    from engine.backtest.sweeps.spec import SweepSpec

    base = {"strategy": {"kind": "sma_cross"}, "costs": COSTS, "market": {"symbols": ["TEST"]}}
    changes = {name: fields.pop(name) for name in ("stops", "market") if name in fields}
    return SweepSpec.parse({"base": base | changes, "axes": axes, **fields})


def timed(call: Callable[[], Any], runs: int) -> list[float]:
    """Seconds of each run after the first."""
    call()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return seconds


def market() -> dict[str, Any]:
    from dataclasses import replace

    from engine.market.bars import Market
    from tests.support.market import make_bars

    open, high, low, close = walk()
    return {"market": Market((replace(make_bars(close, open=open), high=high, low=low),))}


def ours(case: str, runs: int) -> list[float]:
    from engine.backtest.sweeps.run import run_sweep
    from engine.core.progress import silent

    low, high = WINDOWS[0], WINDOWS[-1]
    fast = {"path": "strategy.fast", "low": low, "high": high - 1}
    slow = {"path": "strategy.slow", "low": low + 1, "high": high}
    spec = request(fast, slow, drawdown=case == "drawdown", **({"stops": STOPS} if case == "stops" else {}))
    given = market()
    count = len(run_sweep(spec, given, silent))
    if count != pairs():
        raise RuntimeError(f"{count} combinations, not {pairs()}")
    return timed(lambda: run_sweep(spec, given, silent), runs)


def vectorbt(case: str, runs: int) -> list[float]:
    import pandas as pd
    import vectorbt as vbt

    open, high, low, close = (pd.Series(values) for values in walk())
    chosen = np.random.default_rng(0).permutation(pairs())[:SAMPLE]
    fast, slow = (np.array(WINDOWS)[index[chosen]] for index in np.triu_indices(len(WINDOWS), 1))
    stops: dict[str, Any] = {}
    if case == "stops":
        stops = {"sl_stop": STOPS["stop_loss"], "tp_stop": STOPS["take_profit"], "high": high, "low": low}
        stops |= {"open": open, "stop_entry_price": "fillprice"}

    def run() -> None:
        for part in np.array_split(np.arange(SAMPLE), SAMPLE // PART):
            account(fast[part].tolist(), slow[part].tolist())

    def account(quick: list[int], calm: list[int]) -> None:
        one, other = (vbt.MA.run(close, windows, run_unique=True) for windows in (quick, calm))
        up, down = one.ma_crossed_above(other), one.ma_crossed_below(other)
        entries, exits = (pd.DataFrame(side.to_numpy()).vbt.signals.fshift(1) for side in (up, down))
        portfolio = vbt.Portfolio.from_signals(
            close, entries, exits, price=open, fees=COSTS["commission"] / 1e4, slippage=COSTS["slippage"] / 1e4,
            init_cash=1e5, freq="1D", engine="rust", **stops,
        )  # fmt: skip
        portfolio.total_return()
        portfolio.sharpe_ratio()
        portfolio.trades.count()
        if case == "drawdown":
            portfolio.max_drawdown()

    return timed(run, runs)


def memory(case: str, runs: int) -> list[float]:
    """Peak megabytes of a process that sweeps a million combinations, their number, and seconds."""
    from engine.backtest.sweeps.run import run_sweep
    from engine.core.progress import silent

    slippage = {"path": "costs.slippage", "values": [1, 3, 5]}
    fast, slow = (
        {"path": f"strategy.{name}", "low": 2 + n, "high": 819 + n} for n, name in enumerate(("fast", "slow"))
    )
    spec, given = request(fast, slow, slippage), market()
    began = time.perf_counter()
    found = run_sweep(spec, given, silent)
    seconds = time.perf_counter() - began
    return [peak_megabytes(), len(found), seconds]


def small(case: str, runs: int) -> list[float]:
    from engine.backtest.sweeps.run import run_sweep
    from engine.core.progress import silent

    spec = request({"path": "strategy.fast", "low": 2, "high": 101}, {"path": "strategy.slow", "low": 102, "high": 201})
    given = market()
    return timed(lambda: run_sweep(spec, given, silent), runs)


def symbols(case: str, runs: int) -> list[float]:
    """Seconds of a sweep of a hundred symbols, each with an account of its own in one portfolio."""
    from engine.backtest.sweeps.run import run_sweep
    from engine.core.progress import silent

    axes = [{"path": f"strategy.{name}", "low": of[0], "high": of[-1]} for name, of in (("fast", FAST), ("slow", SLOW))]
    given = {"market": walks(MANY)}
    spec = request(*axes, market={"symbols": [item.series.symbol for item in given["market"].bars]})
    return timed(lambda: run_sweep(spec, given, silent), runs)


def kernels(case: str, runs: int) -> list[float]:
    import numba  # noqa: F401 - a worker has it before

    from engine.backtest.precompile import load_kernels

    began = time.perf_counter()
    load_kernels()
    return [time.perf_counter() - began]


def one_run(case: str, runs: int) -> list[float]:
    from tests.benchmarks import one_run

    return one_run.measure(case, runs)


CHILDREN: dict[str, Callable[[str, int], list[float]]] = {
    "ours": ours,
    "vectorbt": vectorbt,
    "memory": memory,
    "small": small,
    "symbols": symbols,
    "kernels": kernels,
    "one run": one_run,
}

if __name__ == "__main__":
    os.environ.setdefault("NUMBA_NUM_THREADS", str(os.cpu_count() or 1))
    main()
