"""Distribution of bar returns, and its tail risk."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

LEVEL = 0.95
_OUTER = 0.0025


@dataclass(frozen=True, eq=False)
class Distribution:
    """A histogram of returns and their statistics.

    ``edges`` bound the bins; ``counts`` int64, one fewer, of the returns in ``drawn``; the outermost bins also hold
    the values beyond them. ``normal`` is the expected count of a normal distribution with the mean and deviation of the
    drawn returns. ``mean``, ``deviation`` (n - 1), ``value_at_risk``, ``shortfall`` and ``skew`` are those of all
    returns.
    """

    edges: Floats
    counts: NDArray[np.int64]
    normal: Floats
    drawn: int
    total: int
    mean: float
    deviation: float
    value_at_risk: float
    shortfall: float
    skew: float


def value_at_risk(returns: Floats, level: float = LEVEL) -> float:
    """Historical value at risk as a return: the interpolated 1 - ``level`` quantile."""
    return float(np.quantile(returns, 1 - level))


def expected_shortfall(returns: Floats, level: float = LEVEL) -> float:
    """Mean of the returns at or below the value at risk."""
    return float(np.mean(returns[returns <= value_at_risk(returns, level)]))


def distribution(returns: Floats, drawn: NDArray[np.bool_], bins: int = 60) -> Distribution:
    """The distribution of at least two ``returns``; ``drawn`` marks those in the histogram."""
    shown = returns[drawn] if drawn.any() else returns
    deviation = float(np.std(returns, ddof=1))
    third = float(np.mean((returns - np.mean(returns)) ** 3))
    population_deviation = float(np.std(returns))
    edges = _edges(shown, bins)
    counts, _ = np.histogram(np.clip(shown, edges[0], edges[-1]), edges)
    return Distribution(
        edges=edges,
        counts=counts.astype(np.int64),
        normal=_normal(edges, shown),
        drawn=len(shown),
        total=len(returns),
        mean=float(np.mean(returns)),
        deviation=deviation,
        value_at_risk=value_at_risk(returns),
        shortfall=expected_shortfall(returns),
        skew=third / population_deviation**3 if population_deviation**3 > 0 else float("nan"),
    )


def _edges(values: Floats, bins: int) -> Floats:
    """Bins over all but the most extreme values, which would leave most bins empty."""
    low, high = np.quantile(values, (_OUTER, 1 - _OUTER))
    if high - low < 1e-12 * max(1.0, abs(high)):
        low, high = low - 0.005, high + 0.005
    return np.linspace(low, high, bins + 1)


def _normal(edges: Floats, values: Floats) -> Floats:
    """Expected counts in each bin, the tails in the outermost."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    if deviation <= 0:
        return np.zeros(len(edges) - 1)
    scaled = (edges - np.mean(values)) / (deviation * sqrt(2))
    below = np.array([0.0, *((1 + erf(item)) / 2 for item in scaled[1:-1]), 1.0])
    return len(values) * np.diff(below)
