"""Memory of prices: how much of the past is in the present."""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator, Output
from engine.indicators.gaps import apply_to_contiguous_runs
from engine.indicators.logarithms import log_price, positive
from engine.indicators.rolling import rolled, rolling
from engine.market.bars import Bars, Floats

_GROUP = "Statistics"


@plugin("hurst", title="Hurst exponent", group=_GROUP, synonyms=("long memory", "mean reversion", "persistence"))
class Hurst(Indicator):
    """How fast moves grow with the time that they have: by the 0.5th power of it in a random walk, faster in a trend,
    slower where the price reverts.

    The slope of the logarithm of the root mean square move over 1, 2, 4, ... bars, up to a quarter of the window, on
    that of the number of bars (the generalised exponent for q = 2, Di Matteo 2007). Unknown where the price stands
    still.
    """

    kind: Literal["hurst"] = "hurst"
    window: int = parameter(128, title="Window", unit="bars", ge=16, le=2000, help="Closes.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("exponent"),)
    levels: ClassVar[tuple[float, ...]] = (0.5,)
    nanoseconds: ClassVar[float] = 100.0

    def label(self) -> str:
        return f"Hurst {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        logs, mean = log_price(bars.close), rolling().moments.rolling_mean
        lags = 2 ** np.arange(int(np.log2(self.window // 4)) + 1)
        across = np.log(lags) - np.log(lags).mean()
        slope = np.zeros(len(bars))
        for lag, weight in zip(lags, across / (across @ across), strict=True):
            moves = np.full(len(bars), np.nan)
            moves[lag:] = logs[lag:] - logs[:-lag]
            slope += weight * 0.5 * np.log(positive(rolled(mean, moves**2, self.window - int(lag))))
        slope[: self.warm_up()] = np.nan
        return {"exponent": slope}


@plugin(
    "fractional_difference", title="Fractional difference", group=_GROUP, synonyms=("fracdiff", "stationary", "FFD")
)
class FractionalDifference(Indicator):
    """The logarithm of the close, differenced ``order`` times, which need not be a whole number: stationary, with more
    of the memory that a return has none of (López de Prado 2018, section 5.5, of a fixed width).
    """

    kind: Literal["fractional_difference"] = "fractional_difference"
    order: float = parameter(0.4, title="Order", gt=0, le=2, step=0.1, help="0 leaves the price, 1 gives returns.")
    window: int = parameter(100, title="Window", unit="bars", ge=2, le=2000, help="Weights that are kept.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("difference"),)
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"Difference {self.order:g} of {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        weights = difference_weights(self.order, self.window)
        found = apply_to_contiguous_runs(
            lambda logs: np.convolve(logs, weights)[: len(logs)], self.warm_up(), log_price(bars.close)
        )
        return {"difference": found}


def difference_weights(order: float, count: int) -> Floats:
    """The first ``count`` coefficients of (1 - L)^``order``: 1, then each -(order - k + 1) / k times the one before."""
    places = np.arange(1, count)
    return np.concatenate([[1.0], np.cumprod(-(order - places + 1) / places)])


@plugin("permutation_entropy", title="Permutation entropy", group=_GROUP, synonyms=("randomness", "complexity"))
class PermutationEntropy(Indicator):
    """How evenly the orders of neighbouring closes are spread over the last bars: 0 where all are alike, as in a trend,
    1 where each occurs as often as any other, as in noise (Bandt and Pompe 2002). Of equal closes the earlier one
    counts as the lower.
    """

    kind: Literal["permutation_entropy"] = "permutation_entropy"
    order: int = parameter(3, title="Order", unit="bars", ge=2, le=5, help="Neighbours whose order is looked at.")
    window: int = parameter(100, title="Window", unit="bars", ge=2, le=2000, help="Orders that are counted.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("entropy"),)
    levels: ClassVar[tuple[float, ...]] = (1.0,)
    nanoseconds: ClassVar[float] = 200.0

    def label(self) -> str:
        return f"Entropy {self.order} of {self.window}"

    def warm_up(self) -> int:
        return self.window + self.order - 2

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"entropy": apply_to_contiguous_runs(self._entropy, self.warm_up(), bars.close)}

    def _entropy(self, close: Floats) -> Floats:
        seen = np.argsort(np.lib.stride_tricks.sliding_window_view(close, self.order), axis=1, kind="stable")
        total, total_sum = np.zeros(len(close)), rolling().moments.rolling_sum
        for pattern in permutations(range(self.order)):
            is_seen = np.zeros(len(close))
            is_seen[self.order - 1 :] = (seen == pattern).all(axis=1)
            share = rolled(total_sum, is_seen, self.window) / self.window
            total -= share * np.log(np.where(share > 0, share, 1.0))
        return np.asarray(total / np.log(factorial(self.order)))
