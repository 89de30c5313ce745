"""Bootstrap of the maximum drawdown from the bar returns of an account.

Bars and not trades are resampled: joint losses of simultaneous positions, and losses before a position recovers, are in
the returns of the account but not in a list of closed trades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns
from engine.backtest.result import BacktestResult
from engine.core.progress import Progress, silent
from engine.market.bars import Floats
from engine.research.bootstrap import block_bootstrap, block_length
from engine.research.trade_order import MINIMUM_GROWTH

RUIN = 0.5
"""Drawdown that counts as ruin: it takes a return of 100% to recover from it."""
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)
POINTS = 240
"""Largest number of bars at which the bands are evaluated."""


@dataclass(frozen=True, eq=False)
class BootstrapPaths:
    """Resampled histories of an account, each as long as its own.

    ``drawdown`` (samples,; sorted, zero or negative) is the maximum drawdown of each, as defined in ``metrics``.
    ``ruin`` is the share of the histories, the account's own included, whose drawdown is ``RUIN`` or more. ``fan`` is
    (bands, points): the quantiles ``BANDS`` of the equity, for a capital of one, after ``bars`` (points,) bars.
    ``block`` is the mean block length in bars.
    """

    drawdown: Floats
    ruin: float
    bars: NDArray[np.int64]
    fan: Floats
    block: float


def bootstrap_paths(result: BacktestResult, samples: int, seed: int, progress: Progress = silent) -> BootstrapPaths:
    """Stationary bootstrap (Politis and Romano 1994, by arch) of the bar returns of ``result``, the first of them on
    the capital.

    The block length is that of ``bootstrap.block_length``: on GARCH returns the longer blocks of squared returns are no
    closer to the true quantiles of the drawdown. Raises ``DataError`` for fewer than 20 returns.
    """
    returns = bar_returns(np.concatenate(([result.capital], result.equity)))
    if returns[0] == 0:
        returns = returns[1:]  # the first bar decides and holds nothing yet
    block, count = block_length(returns), len(returns)
    bars = np.unique(np.linspace(0, count, min(count + 1, POINTS)).astype(np.int64))

    def path_statistics(growth: Floats) -> Floats:
        path = np.concatenate(([0.0], np.cumsum(growth)))
        return np.append(path[bars], np.min(path - np.maximum.accumulate(path)))

    growth = np.log(np.maximum(1 + returns, MINIMUM_GROWTH))
    drawn = block_bootstrap(
        path_statistics, growth, block, samples=samples, seed=seed, progress=progress, label="Resampled drawdowns"
    )
    drawdown, own = np.expm1(drawn[:, -1]), result.metrics["max_drawdown"] or 0.0
    ruined = np.count_nonzero(drawdown <= -RUIN) + (own <= -RUIN)
    fan = np.quantile(np.exp(drawn[:, :-1]), BANDS, axis=0)
    return BootstrapPaths(np.sort(drawdown), float(ruined / (samples + 1)), bars, fan, block)
