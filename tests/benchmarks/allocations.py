"""Sweeps of allocations: ``python -m tests.benchmarks.allocations`` prints their rows of the table.

Open, high, low and close of 5,000 bars of each symbol in, total return, Sharpe ratio, drawdown and trades of each
combination out. Beside the sweep the same combinations one by one, as many of them as are drawn with a seed: what
opening each of them asks for, its weights and one account that lists no trades. Both are measured in turns, in a
process of each kind.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.conditions import shares, values
from tests.benchmarks.sweep import BARS, COSTS, ROOT, walks

SAMPLE = 60
CASES: dict[str, tuple[str, int, list[dict[str, Any]]]] = {
    "rotation": (
        "rotation",
        10,
        [values("lookback", range(20, 246, 25)), values("top", range(1, 6)), values("every", range(5, 51, 5))],
    ),
    "pairs": (
        "pairs",
        2,
        [values("window", range(20, 111, 10)), shares("enter", 1.0, 3.0, 0.25), shares("leave", 0.0, 0.8, 0.2)],
    ),
    "volatility target": (
        "volatility_target",
        4,
        [shares("target", 0.05, 0.3, 0.025), values("window", range(10, 56, 5)), shares("band", 0.0, 0.4, 0.1)],
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.allocations", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="runs of each measurement")
    parser.add_argument("--child", metavar="CASE", help="for the processes that this one starts")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measured(given.child, given.runs)))
        return
    print("| what | must reach | median | lowest to highest |\n|---|---|---|---|")
    for row in rows(given.runs):
        print(f"| {' | '.join(row)} |", flush=True)


def rows(runs: int) -> list[tuple[str, ...]]:
    """Combinations a second of each kind, and how often that is the rate of one by one."""
    found = []
    for name, (_, symbols, _) in CASES.items():
        together, alone = child(name, max(runs, 3))
        ratios = [one / other for one, other in zip(together, alone, strict=True)]
        what = f"{name}, {symbols} symbols x {BARS:,} bars, all figures: a second / one by one"
        rate = f"{statistics.median(together):,.0f}; {statistics.median(ratios):.1f} x"
        found.append((what, "5 x", rate, f"{min(ratios):.1f} to {max(ratios):.1f} x"))
    return found


def child(case: str, runs: int) -> list[list[float]]:
    """Combinations a second in a process of its own: of the sweeps, and one by one."""
    command = [sys.executable, "-m", "tests.benchmarks.allocations", "--child", case, "--runs", str(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return list(json.loads(done.stdout.splitlines()[-1]))


def measured(case: str, runs: int) -> list[list[float]]:
    from engine.backtest.fast_metrics import fast_metrics
    from engine.backtest.sweeps.accounts import sweep_accounts
    from engine.backtest.sweeps.run import run_sweep
    from engine.backtest.sweeps.spec import SweepSpec
    from engine.core.progress import silent

    kind, symbols, axes = CASES[case]
    market = {"symbols": [f"S{place}" for place in range(symbols)]}
    base = {"strategy": {"kind": kind}, "costs": COSTS, "market": market, "direction": "both"}
    spec, given = SweepSpec.parse({"base": base, "axes": axes}), {"market": walks(symbols)}
    found = run_sweep(spec, given, silent)
    bars = sweep_accounts(spec.base, given, found.warm_up)[0].bars
    drawn = np.random.default_rng(0).permutation(len(found))[:SAMPLE].tolist()
    specs = [found.spec_of(place) for place in drawn]

    def together() -> None:
        run_sweep(spec, given, silent)

    def alone() -> None:
        for place, one in zip(drawn, specs, strict=True):
            if fast_metrics(one, bars, {}).total_return != found.total_return[0, place]:
                raise RuntimeError(f"combination {place} is not the run that it opens as")

    alone()
    rates: list[list[float]] = [[], []]
    for _ in range(runs):
        rates[0].append(len(found) / _seconds(together))
        rates[1].append(SAMPLE / _seconds(alone))
    return rates


def _seconds(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
