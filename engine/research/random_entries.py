"""Random entries: the returns of the same trades, or the same weights, at random times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backtest.decisions import WeightDecisions, decide
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.market.bars import Bars, Floats
from engine.research import holdings
from engine.research.holdings import Indices, Prices, Trades
from engine.research.rerun import rerun
from engine.strategies import Allocation

_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class RandomEntries:
    """``total`` and annualised ``sharpe`` of each random list of trades (or weights), each sorted, and of the actual
    one valued in the same way; ``p_total`` and ``p_sharpe`` are the shares of lists at least as good, the actual one
    included (Phipson and Smyth 2010).
    """

    total: Floats
    sharpe: Floats
    own_total: float
    own_sharpe: float
    p_total: float
    p_sharpe: float


def random_entries(
    spec: BacktestSpec,
    result: BacktestResult,
    bars: Sequence[Bars],
    samples: int,
    seed: int,
    progress: Progress = silent,
) -> RandomEntries:
    """The null distribution: the same number of trades, durations and sides, in random order at random times, at the
    same costs.

    Positions are uniform over the measured bars without overlap. Every trade is fully invested in its symbol's account,
    in the actual list as in the random ones: sizes are not compared. The actual list keeps its prices, stops included;
    random ones fill as decisions do. Raises ``DataError`` without trades, where positions of one symbol overlap or fill
    the whole range, and for allocations, which have ``random_weights``.
    """
    if isinstance(spec.strategy, Allocation):
        raise DataError("Positions that are resized by weights are not a list of trades.")
    if not len(result.trade_pnl):
        raise DataError("No trade to place at random.")
    at = [holdings.prices(item, spec) for item in bars]
    own = [holdings.actual_trades(result, index, item) for index, item in enumerate(bars)]
    if any((trades.entry[:, 1:] < trades.exit[:, :-1]).any() for trades in own):
        raise DataError("Positions of one symbol overlap: they cannot be placed at random.")
    fee, known = holdings.commission_rate(spec, result), _calendar(result, bars)
    true = holdings.total_and_sharpe(_equity(own, at, known, fee), result.periods_per_year)
    random, drawn = np.random.default_rng(seed), []
    step = max(min(_CELLS // (len(result.time) * len(bars)), samples), 1)
    for start in range(0, samples, step):
        progress(start / samples, f"Random entries: {start} of {samples}")
        count = min(step, samples - start)
        lists = [
            _random_lists(trades, count, prices, spec, random) if trades.entry.size else _empty_lists(count)
            for trades, prices in zip(own, at, strict=True)
        ]
        drawn.append(holdings.total_and_sharpe(_equity(lists, at, known, fee), result.periods_per_year))
    total, sharpe = (np.sort(np.concatenate([item[name] for item in drawn])) for name in ("total", "sharpe"))
    if np.ptp(total) <= 1e-12:
        raise DataError("The trades fill the whole range: there is no other place for them.")
    return _with_p_values(total, sharpe, float(true["total"][0]), float(true["sharpe"][0]))


def random_weights(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    inputs: Mapping[str, Any],
    samples: int,
    seed: int,
    progress: Progress = silent,
) -> RandomEntries:
    """The null distribution for an allocation: its weights at other times and on other symbols, simulated at its costs.

    From the first decision on, the weights are shifted circularly by a random number of bars and permuted among the
    symbols: exposure and turnover stay the same except for the seam. Raises ``DataError`` for fewer than three bars
    with weights, and where all weights are equal.
    """
    weights = decide(spec, bars, inputs).weights
    decided = np.flatnonzero(np.isfinite(weights).any(axis=1))
    if not len(decided) or len(weights) - decided[0] < 3:
        raise DataError("No weights to shuffle.")
    if np.nanmax(weights) - np.nanmin(weights) <= 1e-12:
        raise DataError("The weights never change: shuffling them changes nothing.")
    own, random = rerun(spec, bars, inputs, WeightDecisions(weights=weights)), np.random.default_rng(seed)
    drawn = []
    for done in range(samples):
        progress(done / samples, f"Shuffled weights: {done} of {samples}")
        shuffled = WeightDecisions(weights=_shuffled(weights, int(decided[0]), random))
        drawn.append(rerun(spec, bars, inputs, shuffled))
    total, sharpe = (np.sort([getattr(item, name) for item in drawn]) for name in ("total", "sharpe"))
    return _with_p_values(total, sharpe, own.total, own.sharpe)


def _shuffled(weights: Floats, first: int, random: np.random.Generator) -> Floats:
    """``weights`` from the row ``first`` on, shifted circularly and with permuted columns."""
    rows, symbols = len(weights) - first, weights.shape[1]
    turned = np.roll(weights[first:], int(random.integers(1, rows)), axis=0)[:, random.permutation(symbols)]
    for column in turned.T:  # what was held when the shifted weights begin was decided before
        known = np.flatnonzero(np.isfinite(column))
        if len(known) and known[0] > 0:
            column[0] = column[known[-1]]
    return np.concatenate((np.full((first, symbols), np.nan), turned))


def _with_p_values(total: Floats, sharpe: Floats, own_total: float, own_sharpe: float) -> RandomEntries:
    chances = p_value(total, own_total), p_value(sharpe, own_sharpe)
    return RandomEntries(total, sharpe, own_total, own_sharpe, *chances)


def p_value(null: Floats, own: float) -> float:
    """Share of ``null`` and ``own`` that is at least ``own``, up to rounding."""
    return float((1 + np.sum(null >= own - 1e-12 * (1 + abs(own)))) / (1 + len(null)))


def random_positions(length: Indices, first: int, bars: int, gap: int, random: np.random.Generator) -> Indices:
    """Entry bars for trades of these lengths (lists, trades), each list uniform over all valid ones.

    No entry is before ``first``, at least ``gap`` bars are between an exit and the next entry, no exit is after
    ``bars``. Raises ``DataError`` where they do not fit.
    """
    lists, trades = length.shape
    free = bars - first - int(length.sum(axis=1).max()) - gap * (trades - 1)
    if free < 0:
        raise DataError("The trades cannot be placed again within the range.")
    keys = random.random((lists, free + trades))
    slots = np.sort(np.argpartition(keys, trades - 1, axis=1)[:, :trades], axis=1)
    waited = slots - np.arange(trades)
    taken = np.cumsum(length, axis=1) - length + gap * np.arange(trades)
    return np.asarray(first + waited + taken)


def _random_lists(own: Trades, count: int, at: Prices, spec: BacktestSpec, random: np.random.Generator) -> Trades:
    """``count`` random lists from the actual one."""
    bars = len(at.close)
    length = np.maximum(own.exit - own.entry, 1)
    gaps = own.entry[:, 1:] - own.exit[:, :-1]
    gap = 0 if gaps.size and gaps.min() == 0 else 1
    decided = 0 if spec.fill == "same_close" else 1
    first = min(decided, int(own.entry.min()))
    order = np.argsort(random.random((count, own.entry.size)), axis=1)
    length, side = length[0][order], own.side[0][order]
    if bars - first - int(length[0].sum()) - gap * (own.entry.size - 1) < 0:
        gap = 0  # trades that began and ended on one bar are a bar long here
    entry = random_positions(length, first, bars, gap, random)
    return holdings.trades_at_quotes(entry, entry + length, side, at, spec.costs.slip())


def _empty_lists(count: int) -> Trades:
    empty = np.empty((count, 0))
    return Trades(empty.astype(np.int64), empty.astype(np.int64), empty, empty, empty.astype(np.int64))


def _calendar(result: BacktestResult, bars: Sequence[Bars]) -> list[Indices]:
    """Index of the last bar of each symbol at each time of the result, -1 before its first."""
    return [np.searchsorted(item.time, result.time, side="right") - 1 for item in bars]


def _equity(lists: Sequence[Trades], at: Sequence[Prices], known: Sequence[Indices], fee: float) -> Floats:
    """Equity of a capital of 1 divided equally among the symbols, (lists, bars of the common calendar)."""
    summed: Floats | float = 0.0
    for trades, prices, index in zip(lists, at, known, strict=True):
        equity = np.exp(np.cumsum(holdings.growth(trades, prices, fee), axis=1))
        equity = np.concatenate((equity, np.ones((len(equity), 1))), axis=1)  # the last column is for "before"
        summed = summed + equity[:, index] / len(lists)
    return np.asarray(summed)
