"""The four metrics of a sweep for a single backtest, by the same code and so bit-identical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest import segment
from engine.backtest.costs import BASIS_POINT
from engine.backtest.decisions import Decisions, decide
from engine.backtest.fill_prices import fill_prices, forward_fill, require_tradable_prices
from engine.backtest.kernels import kernels
from engine.backtest.multi_symbol import MultiSymbol, multi_symbol_accounts
from engine.backtest.plain import is_plain
from engine.market.bars import Bars, Floats

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

RULES = ("commission", "slippage", "spread", "stop_loss", "take_profit", "trailing_stop", "time_stop")
"""Costs and stops that the kernels take as parameters: many settings share one account."""


@dataclass(frozen=True)
class FastMetrics:
    """Metrics as defined in ``metrics.METRICS``; ``sharpe`` is None where it is undefined."""

    total_return: float
    sharpe: float | None
    max_drawdown: float
    trades: int


def fast_metrics(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], decisions: Decisions | None = None
) -> FastMetrics:
    """The metrics of ``spec`` on ``bars``, identical to those of the same combination in a sweep.

    ``decisions`` are the strategy's on ``bars`` where they are known already. Raises ``DataError`` for
    bars that the fills or stops cannot use.
    """
    require_tradable_prices(spec, bars)
    decisions = decide(spec, bars, inputs) if decisions is None else decisions
    rules = kernel_rules({**dict(spec.costs), **dict(spec.stops)})
    if len(bars) > 1:
        several = kernel_accounts(spec, bars)
        return (
            by_account(spec, bars, decisions)
            if several is None
            else _from_kernel(*several.evaluate(decisions.signals, rules))
        )
    account = kernel_account(spec, bars[0]) if is_plain(spec) else None
    if account is None:
        return by_account(spec, bars, decisions)
    entries, exits = (np.array(flags) for flags in decisions.signals[0].sides()[:2])
    (total, sharpe, drawdown), trades = kernels().orders.evaluate(entries, exits, account, rules[0])
    return _from_kernel(total, sharpe * float(np.sqrt(bars[0].periods_per_year_or_nan())), drawdown, trades)


def _from_kernel(total: float, ratio: float, drawdown: float, trades: int) -> FastMetrics:
    """Metrics from a kernel's values, whose ``ratio`` is NaN where it is undefined."""
    return FastMetrics(float(total), None if np.isnan(ratio) else float(ratio), float(drawdown), int(trades))


def by_account(spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions) -> FastMetrics:
    """The metrics computed from the equity of the streaming account."""
    return by_accounts(spec, bars, decisions)[0]


def by_accounts(spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions) -> list[FastMetrics]:
    """``by_account``, followed by the metrics of each account that it is the sum of."""
    return [FastMetrics(*item.summary(), item.trades) for item in segment.accounts(spec, bars, decisions)]


def kernel_account(spec: BacktestSpec, bars: Bars, drawdown: bool = True, timed: bool = False) -> Any | None:
    """The *account* of ``kernels.orders`` for a plain ``spec`` on ``bars``.

    None where bars without a price meet a time stop (of ``spec``, or ``timed``), or where dividends are paid in cash:
    these need the streaming account. Costs are proportional to the value here, so the adjustment of the prices does not
    matter.
    """
    if bars.dividends is not None:
        return None
    prices = np.ascontiguousarray(fill_prices(bars, spec.fill), dtype=np.float64)
    close = forward_fill(bars.close)
    shift = 0 if spec.fill == "same_close" else 1
    priced = np.isfinite(prices)
    if (timed or spec.stops.time_stop is not None) and not (priced[shift:] & np.isfinite(bars.close[shift:])).all():
        return None
    fills = np.empty(0, dtype=np.int64)
    if not priced[shift:].all():
        priced_bars = np.flatnonzero(priced)
        place = np.searchsorted(priced_bars, np.arange(len(bars)) + shift, side="left")
        fills = np.append(priced_bars, len(bars))[place].astype(np.int64)
    drawdowns = kernels().holdings.make_drawdown_table(close) if drawdown else np.empty((0, 0, 4))
    seen = np.column_stack([bars.open, bars.high, bars.low])
    return kernels().holdings.make_lines(close, prices), drawdowns, fills, seen, shift, spec.fill == "next_open"


def kernel_accounts(
    spec: BacktestSpec, bars: Sequence[Bars], drawdown: bool = True, timed: bool = False
) -> MultiSymbol | None:
    """The accounts of a plain ``spec`` on each of ``bars``, to be summed on their calendar; None where
    ``kernel_account`` is None for one of them.
    """
    accounts = [kernel_account(spec, item, drawdown, timed) for item in bars] if is_plain(spec) else [None]
    return None if any(account is None for account in accounts) else multi_symbol_accounts(bars, accounts)


def kernel_rules(values: Mapping[str, Any]) -> Floats:
    """Rows for ``kernels.stops`` from the fields ``RULES``: numbers, None, or arrays of equal length."""
    none = {"time_stop": 0.0}
    columns = np.broadcast_arrays(
        *(np.asarray(none.get(name, np.nan) if values[name] is None else values[name], float) for name in RULES)
    )
    commission, slippage, spread, loss, profit, trail, time = (np.atleast_1d(column) for column in columns)
    slip, fee = (slippage + spread / 2) * BASIS_POINT, commission * BASIS_POINT
    gain_in, gain_out = 1 / ((1 + slip) * (1 + fee)), (1 - slip) * (1 - fee)
    return np.ascontiguousarray(np.column_stack([gain_in, gain_out, 1 + slip, loss, profit, trail, time]))
