"""Sweeps of strategies of conditions: ``python -m tests.benchmarks.conditions`` prints their rows of the table.

Closes and opens of 5,000 bars in, total return, Sharpe ratio and trades of some 40,000 combinations out (24,800 of the
ADX, 32,000 of the MACD), with everything in between inside the timing. Each kind has a process of its own, and so has
vectorbt, which does it on a sample of the combinations, drawn with a seed, in parts of 500 columns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np

from tests.benchmarks.sweep import BARS, COSTS, PART, ROOT, STOPS, market, request, timed, walk

SAMPLE = 1_000
MEASURED = {
    "plain": ("return, Sharpe, trades", "400,000", {}),
    "drawdown": ("the same with drawdown", "200,000", {}),
    "stops": ("stop, target and trailing stop", "100,000", STOPS | {"trailing_stop": 0.08}),
}
"""What is measured of each kind, what it must reach, and the stops."""

STREAMED: dict[str, dict[str, Any]] = {
    "both sides": {"direction": "both"},
    "sized by volatility": {"sizing": {"kind": "volatility"}},
    "leverage of two, interest": {
        "financing": {"leverage": 2, "margin_rate": 0.06},
        "sizing": {"kind": "percent", "part": 2},
    },
    "both sides, stops": {"direction": "both", "stops": STOPS | {"trailing_stop": 0.08}},
}
"""Accounts of RSI reversion that are followed bar by bar, at most a thousand combinations."""

WINDOWS, LOW, HIGH = range(2, 42), range(10, 41), range(41, 72)


def values(path: str, every: range) -> dict[str, Any]:
    return {"path": f"strategy.{path}", "low": every[0], "high": every[-1], "step": every.step}


def shares(path: str, low: float, high: float, step: float) -> dict[str, Any]:
    return {"path": f"strategy.{path}", "low": low, "high": high, "step": step}


CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "RSI reversion": (
        "rsi_reversion",
        [values("window", WINDOWS), values("enter_below", LOW), values("leave_above", HIGH)],
    ),
    "Donchian breakout": ("donchian_breakout", [values("enter", range(2, 202)), values("leave", range(2, 202))]),
    "ADX-filtered trend": (
        "adx_trend",
        [values("window", range(2, 42)), values("enter_above", range(20, 51)), values("leave_below", range(20))],
    ),
    "Bollinger reversion": ("bollinger_reversion", [values("window", range(2, 202)), shares("width", 0.5, 4.48, 0.02)]),
    "Keltner breakout": (
        "keltner_breakout",
        [values("window", range(2, 32)), values("atr_window", range(2, 22)), shares("width", 0.5, 3.8, 0.05)],
    ),
    "time-series momentum": (
        "time_series_momentum",
        [values("lookback", range(2, 202)), shares("threshold", 0.0, 0.2, 0.001)],
    ),
    "MACD": ("macd", [values("fast", range(2, 22)), values("slow", range(22, 62)), values("signal", range(2, 42))]),
    "a rule of three conditions, their thresholds": (
        "rules",
        [
            values("enter.0.right.window", range(150, 201, 5)),
            values("enter.1.right.value", range(10, 70)),
            values("leave.0.right.value", range(40, 100)),
        ],
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.conditions", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="runs of each measurement")
    parser.add_argument("--child", nargs=2, metavar=("CASE", "WHAT"), help="for the processes that this one starts")
    given = parser.parse_args()
    if given.child:
        case, what = given.child
        if case == "streamed":
            measured = streamed(what, given.runs)
        else:
            measured = vectorbt(case, given.runs) if what == "vectorbt" else ours(case, what, given.runs)
        print(json.dumps(measured))
        return
    print("| what | must reach | median | lowest to highest |\n|---|---|---|---|")
    for row in rows(given.runs):
        print(f"| {' | '.join(row)} |", flush=True)


def rows(runs: int) -> list[tuple[str, ...]]:
    """Combinations a second of each kind, and how often that is vectorbt's rate."""
    found = []
    for name, (what, (said, _, _)) in product(CASES, MEASURED.items()):
        rates = child(name, what, runs)
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        median = statistics.median(rates)
        ratio = ""
        if what == "plain":
            theirs = statistics.median(child(name, "vectorbt", max(runs // 2, 3)))
            ratio = f", {median / theirs:,.0f} x vectorbt"
        row = f"{name}, {BARS:,} bars, {said}: a second"
        found.append((row, target(name, what), f"{median:,.0f}{ratio}", spread))
    for frame in STREAMED:
        rates = child("streamed", frame, runs)
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        row = f"RSI reversion, {BARS:,} bars, {frame}: a second"
        found.append((row, "", f"{statistics.median(rates):,.0f}", spread))
    return found


def target(name: str, what: str) -> str:
    return "200,000" if CASES[name][0] == "rules" and what == "plain" else MEASURED[what][1]


def child(case: str, what: str, runs: int) -> list[float]:
    """Combinations a second in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.conditions", "--child", case, what, "--runs", str(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return list(json.loads(done.stdout.splitlines()[-1]))


def ours(case: str, what: str, runs: int) -> list[float]:
    from engine.backtest.sweeps.run import run_sweep
    from engine.backtest.sweeps.spec import SweepSpec
    from engine.core.progress import silent

    kind, axes = CASES[case]
    base = request({"path": "strategy.fast", "low": 2, "high": 3}).base.model_dump(mode="json")
    base |= {"strategy": {"kind": kind}, "stops": MEASURED[what][2]}
    spec = SweepSpec.parse({"base": base, "axes": axes, "drawdown": what == "drawdown"})
    given = market()
    count = len(run_sweep(spec, given, silent))
    return [count / seconds for seconds in timed(lambda: run_sweep(spec, given, silent), runs)]


def streamed(frame: str, runs: int) -> list[float]:
    from engine.backtest.sweeps.run import run_sweep
    from engine.backtest.sweeps.spec import SweepSpec
    from engine.core.progress import silent

    base = request({"path": "strategy.fast", "low": 2, "high": 3}).base.model_dump(mode="json")
    base |= {"strategy": {"kind": "rsi_reversion"}} | STREAMED[frame]
    spec = SweepSpec.parse({"base": base, "axes": [values("window", WINDOWS), values("enter_below", range(20, 45))]})
    given = market()
    count = len(run_sweep(spec, given, silent))
    return [count / seconds for seconds in timed(lambda: run_sweep(spec, given, silent), runs)]


def vectorbt(case: str, runs: int) -> list[float]:
    """The rate on a sample of the same combinations."""
    import pandas as pd

    from tests.support.vectorbt_strategies import STRATEGIES, Prices, portfolio

    kind, axes = CASES[case]
    prices, random = Prices(*map(pd.Series, walk())), np.random.default_rng(0)
    drawn = [random.choice(every(axis), SAMPLE) for axis in axes]

    def run() -> None:
        for part in np.array_split(np.arange(SAMPLE), SAMPLE // PART):
            signals = STRATEGIES[kind](prices, [values[part] for values in drawn])
            found = portfolio(prices, *signals, **COSTS)
            found.total_return()
            found.sharpe_ratio()
            found.trades.count()

    return [SAMPLE / seconds for seconds in timed(run, runs)]


def every(axis: dict[str, Any]) -> np.ndarray:
    """The values of an axis."""
    steps = np.arange(round((axis["high"] - axis["low"]) / axis["step"]) + 1)
    return axis["low"] + steps * axis["step"]


if __name__ == "__main__":
    main()
