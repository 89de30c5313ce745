"""All outputs of TA-Lib's functions with their default parameters, as features, against a loop that calls TA-Lib.

``python -m tests.benchmarks.talib_outputs`` prints its rows. Both keep what they get, in a process of their own each
time: in one that has freed as much before, the loop would find its memory ready, which 500 symbols never do. Ours is
the matrix that a set of features has, checked indicators with their warm-up, on a thread for each core; the loop calls
the same functions on one. Memory is what the process has at its peak beyond what it had before, over the size of the
matrix.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psutil

from engine import devices
from engine.features.matrix import matrix
from engine.indicators.reference import talib
from engine.indicators.talib_family import TalibFunction, infos, make
from engine.market.bars import Bars, Market
from tests.support.market import random_walk

SYMBOLS, BARS = 500, 5_000
PART = 100
"""Symbols that the two take turns on: what the loop keeps of all would fill the memory of a small machine."""
TIME = """
from tests.benchmarks import talib_outputs as benchmark
print(benchmark.timed(benchmark.{}))
"""
MEMORY = """
from tests.benchmarks.memory import peak_megabytes
from tests.benchmarks.talib_outputs import computed, functions, market, SYMBOLS
own, whole = functions(), market(SYMBOLS)
computed(own, type(whole)(whole.bars[:4]))
before = peak_megabytes()
found = computed(own, whole)
print(1e6 * (peak_megabytes() - before) / found.nbytes)
"""


def main() -> None:
    for row in rows(5):
        print(f"| {' | '.join(row)} |")


def rows(runs: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    own = functions()
    times = [(alone(TIME.format("computed")), alone(TIME.format("by_loop"))) for _ in range(runs)]
    ours, loops = (statistics.median(column) for column in zip(*times, strict=True))
    ratios = sorted(loop / mine for mine, loop in times)
    outputs = sum(len(item.outputs) for item in own)
    what = f"{outputs} outputs of TA-Lib, {SYMBOLS} symbols x {BARS:,} bars"
    told = f"{loops / ours:.2f} x ({1000 * ours / PART:.0f} ms a symbol against {1000 * loops / PART:.0f})"
    found = [(f"{what}: a loop on one core / ours", "1.75 x", told, f"{ratios[0]:.2f} to {ratios[-1]:.2f} x")]
    if psutil.virtual_memory().available < 1.5 * outputs * SYMBOLS * BARS * 8:
        return found
    return [*found, ("the same: peak memory over the size of the output", "1.3", f"{alone(MEMORY):.2f}", "")]


def alone(script: str) -> float:
    """What ``script`` prints, in a process of its own."""
    return float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def functions() -> tuple[TalibFunction, ...]:
    return tuple(item for info in infos() if isinstance(item := make(info.name)(), TalibFunction))


def market(symbols: int) -> Market:
    return Market(tuple(walk(seed) for seed in range(symbols)))


def walk(seed: int) -> Bars:
    volume = np.random.default_rng(seed).integers(500, 5_000, BARS).astype(np.float64)
    return replace(random_walk(BARS, seed, symbol=f"S{seed}"), volume=volume)


def computed(own: tuple[TalibFunction, ...], bars: Market) -> np.ndarray:  # type: ignore[type-arg]
    return matrix(own, bars, threads=devices.physical_cores()).values


def by_loop(own: tuple[TalibFunction, ...], bars: Market) -> list[object]:
    calls = [(getattr(talib(), item.function), item.call()) for item in own]
    return [
        function(*(getattr(one, name) for name in call.inputs), **dict(call.parameters))
        for one in bars.bars
        for function, call in calls
    ]


def timed(compute: Callable[[tuple[TalibFunction, ...], Market], object]) -> float:
    """Seconds that ``compute`` takes for ``PART`` of the symbols, its functions loaded."""
    own, part = functions(), market(PART)
    compute(own, Market(part.bars[:2]))
    gc.collect()
    began = time.perf_counter()
    kept = compute(own, part)
    taken = time.perf_counter() - began
    del kept
    return taken


if __name__ == "__main__":
    main()
