"""A backtest of several symbols: one account each, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.metrics import equity_metrics, trade_metrics
from engine.backtest.result import BacktestResult
from engine.backtest.simulate import Account, simulate
from engine.errors import DataError
from engine.market.bars import MILLISECONDS_PER_YEAR, Bars, Floats, Times, periods_per_year
from engine.market.catalog import require_tradeable
from engine.progress import Progress
from engine.strategies import Strategy
from engine.strategies.kinds.buy_and_hold import BuyAndHold

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec


def run_portfolio(spec: BacktestSpec, inputs: Mapping[str, Any], progress: Progress) -> BacktestResult:
    """The result of ``spec``. Raises ``NotTradeable`` or ``DataError`` where its bars cannot be traded."""
    market = inputs["market"]
    require_tradeable(market)
    currencies = sorted({bars.series.currency for bars in market.bars})
    if len(currencies) > 1:
        raise DataError(
            f"The symbols are priced in {' and '.join(currencies)}, which cannot be added up: choose one currency."
        )
    for bars in market.bars:
        if len(bars) < spec.strategy.warm_up() + 2:
            raise DataError(
                f"{bars.series.symbol} has {len(bars)} bars in this range, and {spec.strategy.label()} needs "
                f"{spec.strategy.warm_up() + 2}: choose a longer range or shorter windows."
            )
    accounts = []
    for done, bars in enumerate(market.bars):
        progress(done / len(market.bars), f"Simulating {bars.series.symbol}")
        accounts.append(_account(spec, spec.strategy, bars, inputs))
    held = [_account(spec, BuyAndHold(), bars, {}) for bars in market.bars]
    progress(1.0, "Adding up")
    return _result(spec, market.bars, accounts, held)


def _account(spec: BacktestSpec, strategy: Strategy, bars: Bars, inputs: Mapping[str, Any]) -> Account:
    share = spec.capital / len(spec.market.symbols)
    return simulate(bars, strategy.signals(bars, inputs), spec.costs, spec.fill, share)


def _result(
    spec: BacktestSpec, bars: Sequence[Bars], accounts: Sequence[Account], held: Sequence[Account]
) -> BacktestResult:
    share = spec.capital / len(bars)
    time = np.unique(np.concatenate([item.time for item in bars]))
    equity = total(time, bars, [account.equity for account in accounts], share)
    benchmark = total(time, bars, [account.equity for account in held], share)
    exposure = total(time, bars, [account.invested for account in accounts], 0.0) / equity
    trades = _trades(bars, accounts)
    per_year = periods_per_year(time)
    years = float((time[-1] - time[0]) / np.timedelta64(1, "ms")) / MILLISECONDS_PER_YEAR
    slippage = sum(account.slippage for account in accounts)
    paid = (float(trades["trade_fees"].sum()) + slippage) / years / float(np.mean(equity))
    metrics = {
        **equity_metrics(time, equity, per_year),
        "exposure": float(np.mean(exposure)),
        **trade_metrics(trades["trade_pnl"]),
        "costs": paid,
    }
    return BacktestResult(
        label=spec.label(),
        currency=bars[0].series.currency,
        symbols=spec.market.symbols,
        periods_per_year=per_year,
        time=time,
        equity=equity,
        benchmark=benchmark,
        exposure=exposure,
        **trades,
        family=spec.strategy.kind,
        metrics=metrics,
        benchmark_metrics=equity_metrics(time, benchmark, per_year),
        warnings=_warnings(bars, accounts, trades),
    )


def total(time: Times, bars: Sequence[Bars], values: Sequence[Floats], before: float) -> Floats:
    """Sum of each symbol's ``values`` on the common calendar ``time``: its last known value, ``before`` its first."""
    added = np.zeros(len(time))
    for item, series in zip(bars, values, strict=True):
        known = np.searchsorted(item.time, time, side="right") - 1
        added += np.where(known >= 0, series[np.maximum(known, 0)], before)
    return added


def _trades(bars: Sequence[Bars], accounts: Sequence[Account]) -> dict[str, Any]:
    """Columns of all trades, ordered by entry."""
    columns: dict[str, Any] = {
        "trade_symbol": [np.full(len(account.entry), i, dtype=np.int64) for i, account in enumerate(accounts)],
        "trade_entry_time": [item.time[account.entry] for item, account in zip(bars, accounts, strict=True)],
        "trade_exit_time": [item.time[account.exit] for item, account in zip(bars, accounts, strict=True)],
        "trade_entry_price": [account.entry_price for account in accounts],
        "trade_exit_price": [account.exit_price for account in accounts],
        "trade_size": [account.size for account in accounts],
        "trade_pnl": [account.pnl for account in accounts],
        "trade_return": [account.pnl / (account.size * account.entry_price) for account in accounts],
        "trade_fees": [account.fees for account in accounts],
        "trade_bars": [account.exit - account.entry for account in accounts],
        "trade_open": [account.is_open for account in accounts],
    }
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.argsort(joined["trade_entry_time"], kind="stable")
    return {name: values[order] for name, values in joined.items()}


def _warnings(bars: Sequence[Bars], accounts: Sequence[Account], trades: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader of the figures has to know."""
    count, still_open = len(trades["trade_pnl"]), int(trades["trade_open"].sum())
    found = []
    if all(item.series.kind == "equity" for item in bars):
        found.append("Survivors only: these symbols are known today to have lasted, which flatters every figure.")
    if count == 0:
        found.append("No trades: the strategy never entered in this range.")
    elif count < 10:
        found.append(f"Only {count} {'trade' if count == 1 else 'trades'}: too few to tell skill from luck.")
    if still_open:
        found.append(f"{still_open} still open at the end, valued at the last close.")
    if any(account.unfilled for account in accounts):
        found.append("A decision on the last bar is left unfilled: there is no later bar.")
    return tuple(found)
