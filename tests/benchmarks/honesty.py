"""False positives of the verdict: the best of many random strategies on random walks, assessed as a user's run is.

A random strategy enters and leaves at random times, long only, at the costs of the default form; each has a mean
holding time and a mean wait of its own, from 2 to 60 bars. The best of them by Sharpe ratio is run through the engine
and judged with the ledger's entry of a sweep over all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.backtest.portfolio import run_portfolio
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.progress import silent
from engine.core.store import Trial
from engine.market.bars import Bars, Floats, Market
from engine.research import holdings
from engine.research.statistics import moments, probabilistic_sharpe
from engine.research.verdict import CONFIDENT, SIGNIFICANT, assess
from engine.strategies import Signals, Strategy
from tests.support.market import make_bars

BARS = 1250
REAL = (*SIGNIFICANT, "Fragile.")
"""Headlines that take the ratio for more than luck."""


@dataclass(frozen=True)
class Honesty:
    """Of ``walks`` random walks, those on which the best strategy was ``declared`` real, those where its deflated ratio
    ``passed``, and those where it would have without counting the trials (``naive``).
    """

    walks: int
    declared: int
    passed: int
    naive: int


class Coin(Strategy):
    """Random times to enter and to leave: row ``number`` of those that ``seed`` draws."""

    kind: Literal["coin"] = "coin"
    seed: int
    number: int
    count: int

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        entry, exit = times(self.seed, self.count, len(bars))
        flags = np.zeros((2, len(bars) + 1), dtype=bool)
        flags[0, entry[self.number] - 1] = flags[1, exit[self.number] - 1] = True
        flags[:, -2:] = False  # fills behind the last bar
        return Signals(flags[0, :-1], flags[1, :-1])


def walk(seed: int, bars: int = BARS) -> Bars:
    """A geometric random walk without drift, 1.5% a bar, that opens a third of it away from the last close."""
    random = np.random.default_rng([seed, 1])
    gap, move = random.normal(0, 0.005, bars), random.normal(0, 0.014, bars)
    close = 100 * np.exp(np.cumsum(gap + move))
    return make_bars(close, open=close * np.exp(-move))


def times(seed: int, count: int, bars: int) -> tuple[holdings.Indices, holdings.Indices]:
    """Bars of the fills of ``count`` random strategies, (count, trades); behind the last bar where there is none."""
    random = np.random.default_rng([seed, 2])
    held, waited = (np.exp(random.uniform(np.log(2), np.log(60), (count, 1))) for _ in range(2))
    most = bars // 2
    spans = np.empty((count, 2 * most), dtype=np.int64)
    spans[:, ::2] = random.geometric(np.broadcast_to(1 / waited, (count, most)))
    spans[:, 1::2] = random.geometric(np.broadcast_to(1 / held, (count, most)))
    ends = np.minimum(np.cumsum(spans, axis=1), bars)
    longest = int((ends[:, ::2] < bars).sum(axis=1).max())
    return ends[:, ::2][:, :longest], ends[:, 1::2][:, :longest]


def ratios(bars: Bars, spec: BacktestSpec, seed: int, count: int) -> Floats:
    """Sharpe ratios a bar of the random strategies of ``seed``."""
    entry, exit = times(seed, count, len(bars))
    at = holdings.prices(bars, spec)
    found = []
    for part in np.array_split(np.arange(count), max(count // 100, 1)):
        trades = holdings.trades_at_quotes(entry[part], exit[part], np.ones_like(entry[part]), at, spec.costs.slip())
        growth = np.expm1(holdings.growth(trades, at, spec.costs.commission * holdings.BASIS_POINT))[:, 1:]
        found.append(growth.mean(axis=1) / growth.std(axis=1, ddof=1))
    return np.concatenate(found)


def best(seed: int, count: int) -> tuple[BacktestResult, Trial]:
    """The best of ``count`` random strategies on the walk of ``seed``, run by the engine, and the ledger's entry."""
    bars = walk(seed)
    request = {"costs": {"commission": 5, "slippage": 3}}
    spec = BacktestSpec.parse({**request, "strategy": Coin(seed=seed, number=0, count=count)})
    sharpe = ratios(bars, spec, seed, count)
    chosen = Coin(seed=seed, number=int(sharpe.argmax()), count=count)
    result = run_portfolio(BacktestSpec.parse({**request, "strategy": chosen}), {"market": Market((bars,))}, silent)
    trial = Trial(
        "coin",
        float(sharpe.mean()),
        len(bars) - 1,
        count=count,
        variance=float(sharpe.var(ddof=1)),
        periods_per_year=result.periods_per_year,
    )
    return result, trial


def measure(walks: int, strategies: int, first: int = 0) -> Honesty:
    """The share of walks on which the best of so many random strategies would have been believed."""
    declared = passed = naive = 0
    for seed in range(first, first + walks):
        result, trial = best(seed, strategies)
        verdict = assess(result, (trial,))
        sharpe, skewness, kurtosis = moments(result.returns())
        declared += verdict.headline in REAL
        passed += verdict.findings[1].grade == "good"
        naive += probabilistic_sharpe(sharpe, 0.0, len(result.time) - 1, skewness, kurtosis) >= CONFIDENT
    return Honesty(walks, declared, passed, naive)


def row(walks: int = 100, strategies: int = 1000) -> tuple[str, ...]:
    """For the table of the benchmarks."""
    found = measure(walks, strategies)
    return (
        f"best of {strategies:,} random strategies on random walks, {walks} times: declared real",
        "5%",
        f"{found.declared / walks:.0%}",
        f"{found.naive / walks:.0%} without counting the trials",
    )
