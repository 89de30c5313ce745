"""The four figures that a sweep keeps of a backtest, of one backtest: the same code, so the same bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.costs import BASIS_POINT
from engine.backtest.financing import Financing
from engine.backtest.quotes import carried, fill_prices, require_tradable_prices
from engine.backtest.sizings.percent import Percent
from engine.market.bars import Bars, Floats
from engine.strategies import Allocation, Signals

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

RULES = ("commission", "slippage", "spread", "stop_loss", "take_profit", "trailing_stop", "time_stop")
"""Costs and stops that the kernels take as numbers: many settings of them share one account."""


@dataclass(frozen=True)
class Headline:
    """Figures of ``metrics.METRICS``; ``sharpe`` is None where it is undefined."""

    total_return: float
    sharpe: float | None
    max_drawdown: float
    trades: int


def headline(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], decided: Signals | None = None
) -> Headline:
    """The headline of ``spec`` on ``bars``, identical to that of the same combination in a sweep.

    ``decided`` are the strategy's signals where they are known already. Raises ``DataError`` for bars that the fills or
    stops cannot use.
    """
    from engine.backtest.portfolio import decide

    require_tradable_prices(spec, bars)
    account = account_of(spec, bars[0]) if is_plain(spec) and len(bars) == 1 else None
    decisions = [decided] if decided is not None else decide(spec, bars, inputs)
    if account is None:
        return by_account(spec, bars, decisions)
    from engine.backtest.kernels import orders

    signals = decisions[0]
    rule = rules_of({**dict(spec.costs), **dict(spec.stops)})[0]
    entries, exits = (np.array(flags) for flags in (signals.entries, signals.exits))
    (total, sharpe, drawdown), trades = orders.judge(entries, exits, account, rule)
    ratio = sharpe * float(np.sqrt(bars[0].stated_per_year()))
    return Headline(float(total), None if np.isnan(ratio) else float(ratio), float(drawdown), int(trades))


def by_account(spec: BacktestSpec, bars: Sequence[Bars], decisions: Any) -> Headline:
    """The headline by way of the streaming account and its equity."""
    from engine.backtest import stretch

    found = stretch.account(spec, bars, decisions)
    return Headline(*found.headline(), found.trades)


def is_plain(spec: BacktestSpec) -> bool:
    """Whether the account is fully invested or in cash, long only, at costs that are shares of the value: its figures
    then follow from the bars of its fills alone.
    """
    return (
        not isinstance(spec.strategy, Allocation)
        and spec.direction == "long"
        and spec.sizing == Percent()
        and spec.financing == Financing()
        and spec.costs.proportional
        and spec.fill != "limit"
        and (spec.cash == "separate" or len(spec.market.symbols) == 1)
    )


def account_of(spec: BacktestSpec, bars: Bars, drawdown: bool = True, timed: bool = False) -> Any | None:
    """The *account* of ``kernels.orders`` for a plain ``spec`` on ``bars``.

    None where bars without a price meet a time stop (of ``spec``, or ``timed``), or where dividends are paid in cash:
    what waits for what, and what the cash becomes, is then for the streaming account to follow. Nothing here counts by
    the share or by volume: costs are parts of the value, so what a unit of the prices is does not matter.
    """
    from engine.backtest.kernels import holdings

    if bars.dividends is not None:
        return None
    prices = np.ascontiguousarray(fill_prices(bars, spec.fill), dtype=np.float64)
    close = carried(bars.close)
    shift = 0 if spec.fill == "same_close" else 1
    priced = np.isfinite(prices)
    if (timed or spec.stops.time_stop is not None) and not (priced[shift:] & np.isfinite(bars.close[shift:])).all():
        return None
    fills = np.empty(0, dtype=np.int64)
    if not priced[shift:].all():
        there = np.flatnonzero(priced)
        place = np.searchsorted(there, np.arange(len(bars)) + shift, side="left")
        fills = np.append(there, len(bars))[place].astype(np.int64)
    falls = holdings.make_falls(close) if drawdown else np.empty((0, 0, 4))
    seen = np.column_stack([bars.open, bars.high, bars.low])
    return holdings.make_lines(close, prices), falls, fills, seen, shift, spec.fill == "next_open"


def rules_of(values: Mapping[str, Any]) -> Floats:
    """Rows for ``kernels.stops`` out of the fields ``RULES``: numbers, None, or arrays of equal length."""
    none = {"time_stop": 0.0}
    columns = np.broadcast_arrays(
        *(np.asarray(none.get(name, np.nan) if values[name] is None else values[name], float) for name in RULES)
    )
    commission, slippage, spread, loss, profit, trail, time = (np.atleast_1d(column) for column in columns)
    slip, fee = (slippage + spread / 2) * BASIS_POINT, commission * BASIS_POINT
    gain_in, gain_out = 1 / ((1 + slip) * (1 + fee)), (1 - slip) * (1 - fee)
    return np.ascontiguousarray(np.column_stack([gain_in, gain_out, 1 + slip, loss, profit, trail, time]))
