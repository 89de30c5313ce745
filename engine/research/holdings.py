"""Equity of many lists of trades at once, vectorised and without simulating orders.

One symbol, fully invested or in cash, at most one position at a time. This is the account of a long-only backtest
without leverage and with proportional costs, with which it agrees up to rounding. The entry value of a short position
equals the equity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.costs import BASIS_POINT
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars, Floats

Indices = NDArray[np.int64]
_MINIMUM_EQUITY = 1e-9


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of one symbol: the forward filled ``close``, and the ``quote`` of fills on each bar."""

    close: Floats
    quote: Floats


@dataclass(frozen=True, eq=False)
class Trades:
    """Lists of trades, every array (lists, trades), ordered in time: the bars of ``entry`` and ``exit`` (the number of
    bars for a trade that stays open), prices with slippage, and ``side`` +1 or -1.
    """

    entry: Indices
    exit: Indices
    entry_price: Floats
    exit_price: Floats
    side: Indices


def prices(bars: Bars, spec: BacktestSpec) -> Prices:
    """Opens or closes by the fill of ``spec``; missing prices are forward filled."""
    known = np.maximum.accumulate(np.where(np.isfinite(bars.close), np.arange(len(bars)), 0))
    close = bars.close[known]
    at_close = spec.fill in ("next_close", "same_close") or not bars.series.has_ohlc
    quote = close if at_close else np.where(np.isfinite(bars.open), bars.open, close)
    return Prices(close, quote)


def trades_at_quotes(entry: Indices, exit: Indices, side: Indices, at: Prices, slip: float) -> Trades:
    """Trades at these bars, filled at the quotes worsened by ``slip``."""
    open_end = np.append(at.quote, at.close[-1])
    return Trades(entry, exit, open_end[entry] * (1 + side * slip), open_end[exit] * (1 - side * slip), side)


def actual_trades(result: BacktestResult, symbol: int, bars: Bars) -> Trades:
    """The trades of ``result`` in the symbol with that index, as filled, as one list."""
    rows = np.flatnonzero(result.trade_symbol == symbol)
    entry = np.searchsorted(bars.time, result.trade_entry_time[rows])
    exit = np.where(result.trade_open[rows], len(bars), np.searchsorted(bars.time, result.trade_exit_time[rows]))
    order = np.lexsort((exit, entry))
    columns = (entry, exit, result.trade_entry_price[rows], result.trade_exit_price[rows], result.trade_side[rows])
    lists: list[Any] = [values[order][None, :] for values in columns]
    return Trades(*lists)


def average_commission(result: BacktestResult) -> float:
    """The commissions of ``result`` as a fraction of the traded value."""
    closed = np.where(result.trade_open, 0.0, result.trade_exit_price)
    traded = float(np.sum(result.trade_size * (result.trade_entry_price + closed)))
    return float(result.trade_fees.sum()) / traded if traded > 0 else 0.0


def growth(trades: Trades, at: Prices, commission: float) -> Floats:
    """Log returns of the equity, (lists, bars)."""
    lists, bars = len(trades.entry), len(at.close)
    close = np.append(at.close, at.close[-1])
    length = (trades.exit - trades.entry + 1).ravel()
    trade = np.repeat(np.arange(length.size), length)
    first = np.cumsum(length) - length
    bar = trades.entry.ravel()[trade] + np.arange(len(trade)) - first[trade]
    side, paid = trades.side.ravel()[trade], trades.entry_price.ravel()[trade]
    closing = (bar == trades.exit.ravel()[trade]) & (bar < bars)
    price = np.where(closing, trades.exit_price.ravel()[trade], close[bar])
    units = 1 / (paid * (1 + commission))
    fees = commission * (paid + np.where(closing, price, 0.0))
    value = np.maximum(1 + units * (side * (price - paid) - fees), _MINIMUM_EQUITY)
    before = np.concatenate(([1.0], value[:-1]))
    before[first[length > 0]] = 1.0
    cell = np.repeat(np.arange(lists) * (bars + 1), length.reshape(lists, -1).sum(axis=1)) + bar
    summed = np.bincount(cell, weights=np.log(value / before), minlength=lists * (bars + 1))
    return np.asarray(summed.reshape(lists, bars + 1)[:, :bars], dtype=np.float64)


def commission_rate(spec: BacktestSpec, result: BacktestResult) -> float:
    """Commission as a fraction of the value of a fill: the spec's where it is proportional, else the run's average."""
    return spec.costs.commission * BASIS_POINT if spec.costs.proportional else average_commission(result)


def total_and_sharpe(equity: Floats, periods_per_year: float) -> Mapping[str, Any]:
    """Total return and annualised Sharpe ratio (zero for constant equity) of each row of ``equity`` (lists, bars),
    which started at one.
    """
    returns = equity[:, 1:] / equity[:, :-1] - 1
    deviation = returns.std(axis=1, ddof=1)
    moves = deviation > 1e-14
    ratio = np.where(moves, returns.mean(axis=1) / np.where(moves, deviation, 1.0), 0.0)
    return {"total": equity[:, -1] - 1, "sharpe": ratio * np.sqrt(periods_per_year)}
