"""What the same trades in another order, or without the best of them, would have come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.result import BacktestResult
from engine.errors import DataError
from engine.market.bars import Floats

RUIN = 0.5
"""Part of the capital whose loss counts as ruin: from there a return of 100% is needed to be even again."""
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_REMOVED = 20
_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Orders:
    """Monte Carlo over the order of trades.

    ``drawdown`` (sorted, negative) is the deepest fall from trade to trade of each shuffled order; the end is the same
    in all of them. ``total`` (sorted) and ``ruin`` are of lists of as many trades drawn with replacement: the total
    returns, and the share of lists that lose half the capital at some point. ``fan`` is (bands, trades + 1): quantiles
    ``BANDS`` of those lists' equity after each trade, of a capital of one. Falls inside a trade are not seen.
    """

    drawdown: Floats
    own_drawdown: float
    total: Floats
    ruin: float
    fan: Floats


def contributions(result: BacktestResult) -> Floats:
    """Each trade's profit as a part of the equity at the close before its entry, in the order of entries."""
    before = equity_before(result)
    return np.divide(result.trade_pnl, before, out=np.zeros(len(before)), where=before > 0)


def equity_before(result: BacktestResult) -> Floats:
    """The equity at the close before each trade's entry; the capital before the first."""
    last = np.searchsorted(result.time, result.trade_entry_time) - 1
    return np.where(last >= 0, result.equity[np.maximum(last, 0)], result.capital)


def reorder(result: BacktestResult, samples: int, seed: int) -> Orders:
    """The orders of the trades of ``result``, each worth the same part of the equity as it was. Raises ``DataError``
    for fewer than two trades.
    """
    parts = contributions(result)
    if len(parts) < 2:
        raise DataError("An order needs at least two trades.")
    growth = np.log(np.maximum(1 + parts, 1e-9))
    random = np.random.default_rng(seed)
    own = float(_deepest(growth[None, :])[0])
    drawdown, total, lowest, paths = [], [], [], []
    step = max(_CELLS // len(parts), 1)
    for start in range(0, samples, step):
        shape = (min(step, samples - start), len(parts))
        drawdown.append(_deepest(random.permuted(np.broadcast_to(growth, shape), axis=1)))
        drawn = np.cumsum(growth[random.integers(0, len(parts), shape)], axis=1)
        total.append(np.expm1(drawn[:, -1]))
        lowest.append(drawn.min(axis=1))
        if start == 0:
            paths = [np.quantile(drawn, BANDS, axis=0)]
    ruin = float(np.mean(np.concatenate(lowest) <= np.log(1 - RUIN)))
    fan = np.exp(np.concatenate((np.zeros((len(BANDS), 1)), paths[0]), axis=1))
    return Orders(np.sort(np.concatenate(drawdown)), own, np.sort(np.concatenate(total)), ruin, fan)


def _deepest(growth: Floats) -> Floats:
    """Deepest fall of each row from its highest value so far, the start included; zero or negative."""
    path = np.cumsum(growth, axis=1)
    high = np.maximum(np.maximum.accumulate(path, axis=1), 0.0)
    return np.asarray(np.expm1(np.min(path - high, axis=1)))


@dataclass(frozen=True, eq=False)
class Removed:
    """``total[n]`` is the total return without the n best trades, up to twenty. ``until_nothing`` is how many of the
    best have to go until no profit is left, zero where there is none.
    """

    total: Floats
    until_nothing: int


def without_best(result: BacktestResult) -> Removed:
    """The trades of ``result`` without the best ones, the rest compounded. No trade is a total return of zero."""
    growth = np.sort(np.log(np.maximum(1 + contributions(result), 1e-9)))[::-1]
    left = growth.sum() - np.concatenate(([0.0], np.cumsum(growth)))
    gone = np.flatnonzero(left[:-1] <= 1e-12)
    until = int(gone[0]) if len(gone) else len(growth)
    return Removed(np.expm1(left[: min(MOST_REMOVED, len(growth)) + 1]), until)
