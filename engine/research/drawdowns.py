"""Drawdowns that the account could have had: its own bars again, in blocks, as often as it takes to see the rare falls.

Bars and not trades are resampled: what positions that are open at the same time lose together, and what a position
loses before it ends well, is in the returns of the account and in no list of closed trades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns
from engine.backtest.result import BacktestResult
from engine.core.progress import Progress, silent
from engine.market.bars import Floats
from engine.research.bootstrap import AT_ONCE, block_length
from engine.research.trade_order import LEAST

RUIN = 0.5
"""Fall from a high that counts as ruin: from there a return of 100% is needed to be even again."""
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)
POINTS = 240
"""Most bars at which the bands are known."""


@dataclass(frozen=True, eq=False)
class BootstrapPaths:
    """Resampled histories of an account, each as long as its own.

    ``drawdown`` (samples,; sorted, zero or negative) is the maximum drawdown of each, as ``metrics`` defines it: below
    the highest value so far, the capital being the first. ``ruin`` is the share of the histories, the account's own
    among them, whose drawdown is ``RUIN`` or more. ``fan`` is (bands, points): quantiles ``BANDS`` of the equity, of a
    capital of one, after ``bars`` (points,) of them. ``block`` is the mean length of the blocks in bars.
    """

    drawdown: Floats
    ruin: float
    bars: NDArray[np.int64]
    fan: Floats
    block: float


def bootstrap_paths(result: BacktestResult, samples: int, seed: int, progress: Progress = silent) -> BootstrapPaths:
    """Stationary bootstrap (Politis and Romano 1994, by arch) of the bar returns of ``result``, the first of them from
    the capital.

    The blocks are those of ``bootstrap.block_length``: on returns whose volatility clusters (GARCH) the longer ones of
    their squares come no closer to the true quantiles of the drawdown. Raises ``DataError`` for fewer than 20 returns.
    """
    from arch.bootstrap import StationaryBootstrap

    returns = bar_returns(np.concatenate(([result.capital], result.equity)))
    if returns[0] == 0:
        returns = returns[1:]  # the first bar decides and holds nothing yet
    block, count = block_length(returns), len(returns)
    bars = np.unique(np.linspace(0, count, min(count + 1, POINTS)).astype(np.int64))

    def figures(growth: Floats) -> Floats:
        path = np.concatenate(([0.0], np.cumsum(growth)))
        return np.append(path[bars], np.min(path - np.maximum.accumulate(path)))

    growth = np.log(np.maximum(1 + returns, LEAST))
    source = StationaryBootstrap(block, growth, seed=np.random.default_rng(seed))  # type: ignore[arg-type]
    parts = []
    for start in range(0, samples, AT_ONCE):
        progress(start / samples, f"Resampled drawdowns: {start} of {samples}")
        parts.append(source.apply(figures, min(AT_ONCE, samples - start)))
    drawn = np.concatenate(parts)
    drawdown, own = np.expm1(drawn[:, -1]), result.metrics["max_drawdown"] or 0.0
    ruined = np.count_nonzero(drawdown <= -RUIN) + (own <= -RUIN)
    fan = np.quantile(np.exp(drawn[:, :-1]), BANDS, axis=0)
    return BootstrapPaths(np.sort(drawdown), float(ruined / (samples + 1)), bars, fan, block)
