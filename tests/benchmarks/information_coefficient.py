"""Share of pure-noise features that are called significant at 5%, over horizons of 1 to 100 bars.

``python -m tests.benchmarks.information_coefficient`` prints its rows: of features that move fast and slowly on returns
with fat tails and changing volatility, by the test of ``engine.research.features.information`` and by the usual t that
takes bars for independent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import norm

from engine.market.bars import Floats
from engine.research.features.information import mean_test, rank_products

HORIZONS = (1, 2, 5, 10, 20, 50, 100)
LENGTHS = (1_000, 2_500)
WINDOWS = (1, 20, 200)  # bars over which the noise is summed
HISTORIES, COLUMNS, LEVEL = 150, 6, 0.05


def main() -> None:
    print("| bars | horizon | significant at 5% | by the usual t |\n|---|---|---|---|")
    for length in LENGTHS:
        for horizon, (ours, usual) in rates(length).items():
            print(f"| {length:,} | {horizon} | {ours:.1%} | {usual:.1%} |")


def row() -> tuple[str, ...]:
    """The row of the table."""
    found = [share for length in LENGTHS for share in rates(length).values()]
    ours, usual = (sorted(item) for item in zip(*found, strict=True))
    what = f"pure-noise features called significant at 5%, horizons {HORIZONS[0]} to {HORIZONS[-1]} bars"
    median = f"{np.median(ours):.1%} (by the usual t {np.median(usual):.0%})"
    return what, "3 to 7%", median, f"{ours[0]:.1%} to {ours[-1]:.1%}"


def rates(length: int) -> Mapping[int, tuple[float, float]]:
    """(share called significant, share by the usual t) at each horizon, over all windows."""
    found: dict[int, list[Floats]] = {horizon: [] for horizon in HORIZONS}
    for seed in range(HISTORIES):
        random = np.random.default_rng([seed, length])
        prices = np.cumsum(returns(random, length + max(HORIZONS)))
        for window in WINDOWS:
            noise = np.cumsum(random.normal(size=(length + window, COLUMNS)), axis=0)
            for horizon, verdicts in found.items():
                later = (prices[horizon:] - prices[:-horizon])[:length]
                later = np.where(np.arange(len(later)) < length - horizon, later, np.nan)
                verdicts += [significant(column, later, horizon) for column in (noise[window:] - noise[:-window]).T]
    return {horizon: tuple(np.mean(verdicts, axis=0)) for horizon, verdicts in found.items()}


def significant(feature: Floats, later: Floats, horizon: int) -> Floats:
    products = rank_products(feature[:, None], later[:, None], across=False)
    usual = abs(products.mean()) * np.sqrt(len(products)) / products.std(ddof=1)
    return np.array([mean_test(products, horizon)[2] < LEVEL, 2 * norm.sf(usual) < LEVEL], dtype=np.float64)


def returns(random: np.random.Generator, count: int) -> Floats:
    """Student's t with five degrees, times a volatility that changes slowly."""
    volatility = np.exp(0.3 * np.convolve(random.normal(size=count + 99), np.ones(100) / 10, "valid"))
    return random.standard_t(5, count) * volatility


if __name__ == "__main__":
    main()
