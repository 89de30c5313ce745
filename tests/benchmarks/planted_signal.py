"""Power of models: a planted signal with an information coefficient of 0.05, and how often the pipeline finds it.

The next return of each made-up series leans a little towards the side of the mean on which the close stands: its
correlation with the distance from the mean of five closes is 0.05. Found means that no more than one in twenty null
models scores as well, the pipeline's own verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.features.matrix import matrix
from engine.market.bars import Bars, Floats, Market
from engine.models.spec import ModelSpec
from tests.benchmarks.model_noise import LEVEL, p_value_of
from tests.support.market import make_bars

COEFFICIENT, WINDOW, VOLATILITY = 0.05, 5, 0.01
SYMBOLS, BARS, RUNS = 25, 4000, 10
KINDS: Mapping[str, Mapping[str, Any]] = {
    "LightGBM": {"kind": "lightgbm", "rounds": 100},
    "MLP": {"kind": "mlp", "hidden": [8], "epochs": 10, "batch_size": 1024, "learning_rate": 0.01},
    "GRU": {"kind": "gru", "units": [8], "window": 5, "epochs": 8, "batch_size": 1024, "learning_rate": 0.01},
}


def series(seed: int, symbol: str) -> Bars:
    """Closes of which each return has the planted correlation with what is known before it."""
    noise = np.random.default_rng(seed).normal(size=BARS)
    close = np.full(BARS, 100.0)
    scale = VOLATILITY * 1.1  # the deviation of the distance of a random walk from the mean of its last five closes
    for at in range(1, BARS):
        past = close[max(at - WINDOW, 0) : at]
        lean = COEFFICIENT * (past[-1] / past.mean() - 1) / scale
        close[at] = close[at - 1] * np.exp(VOLATILITY * (lean + np.sqrt(1 - COEFFICIENT**2) * noise[at]))
    return make_bars(close, symbol=symbol)


def coefficient(bars: Bars) -> float:
    """The correlation of each return with the distance from the mean before it."""
    close: Floats = bars.close
    means = np.convolve(close, np.full(WINDOW, 1 / WINDOW), "valid")
    distance = close[WINDOW - 1 : -1] / means[:-1] - 1
    return float(np.corrcoef(distance, np.diff(close)[WINDOW - 1 :] / close[WINDOW - 1 : -1])[0, 1])


def found(kind: str, seed: int) -> bool:
    """Whether the pipeline finds the signal in the series of ``seed``."""
    market = Market(tuple(series(1000 * seed + n, f"S{n}") for n in range(SYMBOLS)))
    spec = ModelSpec.parse(
        {
            "features": [{"kind": "sma_distance", "window": WINDOW}, {"kind": "rsi"}],
            "target": {"kind": "forward_return", "horizon": 1},
            "model": dict(KINDS[kind]),
            "validation": {"kind": "chronological", "test_fraction": 0.4},
            "processors": [{"kind": "zscore"}],
            "seed": seed,
        }
    )
    return p_value_of(spec, market, matrix(spec.features, market)) <= LEVEL


def rows(runs: int = RUNS) -> list[tuple[str, ...]]:
    """For the table of the benchmarks."""
    planted = np.mean([coefficient(series(seed, "S")) for seed in range(20)])
    return [
        (
            f"planted signal, information coefficient 0.05, {SYMBOLS} series x {BARS:,} bars: found by {kind}",
            f"{0.9 * runs:.0f} of {runs}",
            f"{sum(found(kind, seed) for seed in range(runs))} of {runs}",
            f"measured coefficient {planted:.3f}" if kind == next(iter(KINDS)) else "",
        )
        for kind in KINDS
    ]
