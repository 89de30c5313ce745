"""Fifty formulaic alphas of a hundred symbols against pandas, and the look-ahead check of a hundred features.

``python -m tests.benchmarks.expressions`` prints its rows. Both sides compute all fifty in one process, ours with its
loops loaded, on a thread for each core; it computes what the alphas have in common once, as a set of features does.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from functools import lru_cache

import numpy as np

from engine import devices
from engine.features.checks.run import verdict
from engine.features.evaluation import NO_CONTEXT, FeatureInputs
from engine.features.published_sets import alpha158, formulaic_alphas
from engine.indicators.expressions import functions
from engine.indicators.expressions.evaluation import Evaluation
from engine.indicators.expressions.parser import parse
from engine.market.bars import Bars, Market
from tests.support.market import random_walk
from tests.support.pandas_expressions import by_pandas

SYMBOLS, BARS = 100, 1_000
FEATURES, HISTORY = 100, 5_000


def main() -> None:
    for row in rows(5):
        print(f"| {' | '.join(row)} |")


def rows(runs: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    functions.precompile()
    ours, pandas = [computed() for _ in range(runs)], [in_pandas() for _ in range(2)]
    ratio = statistics.median(pandas) / statistics.median(ours)
    checked = [checks() for _ in range(3)]
    return [
        (
            f"50 formulaic alphas, {SYMBOLS} symbols x {BARS:,} bars: ours / pandas", "50 x",
            f"{ratio:.0f} x ({1000 * statistics.median(ours):.0f} ms against {statistics.median(pandas):.1f} s)",
            f"{min(pandas) / max(ours):.0f} to {max(pandas) / min(ours):.0f} x",
        ),
        (
            f"leak test of {FEATURES} features, {HISTORY:,} bars", "5 s", f"{statistics.median(checked):.1f} s",
            f"{min(checked):.1f} s to {max(checked):.1f} s",
        ),
    ]  # fmt: skip


@lru_cache
def market() -> tuple[Bars, ...]:
    return tuple(walk(seed, BARS) for seed in range(SYMBOLS))


def walk(seed: int, count: int) -> Bars:
    volume = np.random.default_rng(seed).integers(500, 5_000, count).astype(np.float64)
    return replace(random_walk(count, seed, symbol=f"S{seed}"), volume=volume)


def computed() -> float:
    began = time.perf_counter()
    nodes = [parse(feature.text) for feature in formulaic_alphas()]
    evaluation = Evaluation(market(), nodes=nodes, threads=devices.physical_cores())
    for node in nodes:
        evaluation.values(node)
    return time.perf_counter() - began


def in_pandas() -> float:
    import pandas as pd

    names = ("open", "high", "low", "close", "volume")
    columns = {name: pd.DataFrame({bars.series.symbol: getattr(bars, name) for bars in market()}) for name in names}
    nodes = [parse(feature.text) for feature in formulaic_alphas()]
    began = time.perf_counter()
    for node in nodes:
        by_pandas(node, columns)
    return time.perf_counter() - began


def checks() -> float:
    bars = walk(1, HISTORY)
    inputs, features = FeatureInputs(Market((bars,)), NO_CONTEXT), alpha158()[:FEATURES]
    began = time.perf_counter()
    if any(verdict(feature, inputs).verdict != "clean" for feature in features):
        raise RuntimeError("A feature of the set is not clean.")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
