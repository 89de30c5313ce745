"""Reordered trades, and the result without the best trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.result import BacktestResult
from engine.core.errors import DataError
from engine.market.bars import Floats

MAXIMUM_REMOVED = 20
MINIMUM_GROWTH = 1e-9
"""Smallest growth factor, so that its logarithm is finite."""
_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class TradeReturns:
    """Contribution of each trade, in the order of entries: the ``base`` equity of its profit, and its log return
    ``growth``. ``exact`` where no two trades overlap, so that the returns compound to the total.
    """

    base: Floats
    growth: Floats
    exact: bool


def trade_returns(result: BacktestResult) -> TradeReturns:
    """Contributions of the trades: for sequential trades the base is the equity at each entry; where they overlap, it
    is the harmonic mean of the equity over the holding period, whose log returns approximately add up to the total.
    """
    entry, exit = _entry_and_exit(result)
    if _is_sequential(entry, exit):
        base = result.capital + np.concatenate(([0.0], np.cumsum(result.trade_pnl)))[:-1][: len(entry)]
        parts = _ratio(result.trade_pnl, base)
        return TradeReturns(base, np.log(np.maximum(1 + parts, MINIMUM_GROWTH)), True)
    inverse = np.divide(1.0, result.equity, out=np.zeros(len(result.equity)), where=result.equity > 0)
    summed = np.concatenate(([0.0], np.cumsum(inverse)))
    mean = (summed[exit + 1] - summed[entry]) / (exit + 1 - entry)
    return TradeReturns(_ratio(np.ones(len(mean)), mean), result.trade_pnl * mean, False)


def _entry_and_exit(result: BacktestResult) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bar indices of each trade's entry and exit."""
    moments = (result.trade_entry_time, result.trade_exit_time)
    entry, exit = (np.searchsorted(result.time, item).astype(np.int64) for item in moments)
    return entry, exit


def _is_sequential(entry: NDArray[np.int64], exit: NDArray[np.int64]) -> bool:
    return bool((entry[1:] >= np.maximum.accumulate(exit)[:-1]).all())


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)


def reorder(result: BacktestResult, samples: int, seed: int) -> Floats:
    """The maximum drawdown of ``result`` with its trades in random order (samples,; sorted, zero or negative): each
    with the bars from its entry to the next one, so that drawdowns within trades count and the original order has the
    run's own drawdown.

    Raises ``DataError`` for fewer than two trades, and where any two overlap, as no order shows their joint losses
    (``drawdowns`` does).
    """
    entry, exit = _entry_and_exit(result)
    if len(entry) < 2:
        raise DataError("Reordering needs at least two trades.")
    if not _is_sequential(entry, exit):
        raise DataError("Trades overlap: reordering them cannot show their joint losses.")
    growth = np.diff(
        np.log(np.maximum(np.concatenate(([result.capital], result.equity)) / result.capital, MINIMUM_GROWTH))
    )
    starts = np.unique(np.concatenate(([0], entry)))
    parts = [_path_extremes(piece) for piece in np.split(growth, starts[1:])]
    total, high, low, within = (np.array(column) for column in zip(*parts, strict=True))
    random, found = np.random.default_rng(seed), []
    step = max(_CELLS // len(parts), 1)
    for start in range(0, samples, step):
        shape = (min(step, samples - start), len(parts))
        order = random.permuted(np.broadcast_to(np.arange(len(parts)), shape), axis=1)
        before = np.cumsum(total[order], axis=1) - total[order]
        peak = np.zeros(shape)  # of all parts before
        peak[:, 1:] = np.maximum.accumulate(before + high[order], axis=1)[:, :-1]
        found.append(np.minimum(within.min(), (before + low[order] - peak).min(axis=1)))
    return np.sort(np.expm1(np.concatenate(found)))


def _path_extremes(growth: Floats) -> tuple[float, float, float, float]:
    """Sum of consecutive log returns, highest and lowest value of their cumulative path from zero, and its maximum
    drawdown.
    """
    path = np.concatenate(([0.0], np.cumsum(growth)))
    return path[-1], path.max(), path.min(), float((path - np.maximum.accumulate(path)).min())


@dataclass(frozen=True, eq=False)
class Removed:
    """``total[n]`` is the total return without the n best trades, up to twenty. ``until_nothing`` is the number of best
    trades without which no profit is left, zero where there is none.
    """

    total: Floats
    until_nothing: int


def without_best(result: BacktestResult) -> Removed:
    """The total return of ``result`` without the growth of its best trades."""
    growth = np.sort(trade_returns(result).growth)[::-1]
    total = np.log(max(float(result.equity[-1]) / result.capital, MINIMUM_GROWTH))
    left = total - np.concatenate(([0.0], np.cumsum(growth)))
    gone = np.flatnonzero(left[:-1] <= 1e-12)
    until = int(gone[0]) if len(gone) else len(growth)
    return Removed(np.expm1(left[: min(MAXIMUM_REMOVED, len(growth)) + 1]), until)
