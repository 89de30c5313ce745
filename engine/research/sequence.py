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
LEAST = 1e-9
"""Part of the equity that is left at least, so that its logarithm is a number."""
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


@dataclass(frozen=True, eq=False)
class Shares:
    """What each trade did to the equity, in the order of entries: its profit over ``base``, and the logarithm of the
    ``growth`` that this is. ``exact`` where no two trades overlap, so that the growths multiply to the whole.
    """

    base: Floats
    growth: Floats
    exact: bool


def shares(result: BacktestResult) -> Shares:
    """Where trades follow one another, the base is the equity at each entry; where they overlap, it is the harmonic
    mean of the equity while they were held, whose profits add up to the logarithm of the whole, nearly.
    """
    entry, exit = (
        np.searchsorted(result.time, moments) for moments in (result.trade_entry_time, result.trade_exit_time)
    )
    if (entry[1:] >= np.maximum.accumulate(exit)[:-1]).all():
        base = result.capital + np.concatenate(([0.0], np.cumsum(result.trade_pnl)))[:-1][: len(entry)]
        parts = _over(result.trade_pnl, base)
        return Shares(base, np.log(np.maximum(1 + parts, LEAST)), True)
    inverse = np.divide(1.0, result.equity, out=np.zeros(len(result.equity)), where=result.equity > 0)
    summed = np.concatenate(([0.0], np.cumsum(inverse)))
    mean = (summed[exit + 1] - summed[entry]) / (exit + 1 - entry)
    return Shares(_over(np.ones(len(mean)), mean), result.trade_pnl * mean, False)


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)


def reorder(result: BacktestResult, samples: int, seed: int) -> Orders:
    """The orders of the trades of ``result``, each worth the same part of the equity as it was. Raises ``DataError``
    for fewer than two trades.
    """
    growth = shares(result).growth
    if len(growth) < 2:
        raise DataError("An order needs at least two trades.")
    random = np.random.default_rng(seed)
    own = float(_deepest(growth[None, :])[0])
    drawdown, total, lowest, paths = [], [], [], []
    step = max(_CELLS // len(growth), 1)
    for start in range(0, samples, step):
        shape = (min(step, samples - start), len(growth))
        drawdown.append(_deepest(random.permuted(np.broadcast_to(growth, shape), axis=1)))
        drawn = np.cumsum(growth[random.integers(0, len(growth), shape)], axis=1)
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
    """The total return of ``result`` without the growth of its best trades."""
    growth = np.sort(shares(result).growth)[::-1]
    whole = np.log(max(float(result.equity[-1]) / result.capital, LEAST))
    left = whole - np.concatenate(([0.0], np.cumsum(growth)))
    gone = np.flatnonzero(left[:-1] <= 1e-12)
    until = int(gone[0]) if len(gone) else len(growth)
    return Removed(np.expm1(left[: min(MOST_REMOVED, len(growth)) + 1]), until)
