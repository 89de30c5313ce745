"""Accounts by hand, each held against the slow one: bars of few prices, a letter a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.backtest.account import Account
from engine.backtest.result import REASONS
from engine.backtest.simulator import simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars
from engine.strategies import Signals
from tests.support.decided import Given, decisions_of
from tests.support.market import days, make_bars
from tests.support.random_accounts import request
from tests.support.slow_account import SlowAccount, slow_accounts

NAN = float("nan")
FLAT = (10.0, 10.0, 10.0, 10.0)
GAP = (NAN, NAN, NAN, NAN)
KELLY = {"kind": "kelly", "scale": 0.5, "cap": 1.0, "first": 0.1, "trades": 2}


def ohlc(*rows: tuple[float, ...], symbol: str = "S0", first: str = "2020-01-01") -> Bars:
    """Bars of (open, high, low, close), or of one price each, a day apart."""
    full = np.array([row * 4 if len(row) == 1 else row for row in rows], dtype=np.float64)
    bars = make_bars(full[:, 3], open=full[:, 0], time=days(len(full), first), symbol=symbol)
    return replace(bars, high=full[:, 1], low=full[:, 2])


def decide(marks: str) -> Signals:
    """A decision a bar: L and S enter long and short, x exits both, "." nothing."""
    return Signals(*(np.array([mark in which for mark in marks]) for which in ("L", "x", "S", "x")))


def keep(bars: Bars | Sequence[Bars], *marks: str, costs: Any = None, **more: Any) -> Account:
    """The account of ``bars`` on which ``marks`` were decided: one for all symbols."""
    listed = [bars] if isinstance(bars, Bars) else list(bars)
    paid = {"commission": 0, "slippage": 0, **(costs or {})}
    spec = request(len(listed), costs=paid, cash="shared", **more)
    decisions = [decide(item) for item in marks]
    assert_same(spec, listed, decisions)
    (holding,) = simulate_accounts(spec, listed, decisions_of(decisions))
    return holding.account


def why(account: Account) -> list[str]:
    return [REASONS[reason] for reason in account.trades.reason]


def assert_same(spec: BacktestSpec, bars: Sequence[Bars], decisions: Given) -> None:
    """Both accounts agree in everything that they tell."""
    kept = simulate_accounts(spec, bars, decisions_of(decisions))
    expected = slow_accounts(spec, bars, decisions)
    for holding, slow in zip(kept, expected, strict=True):
        fast = holding.account
        np.testing.assert_allclose(fast.equity, slow.equity, rtol=1e-9, atol=1e-7)
        np.testing.assert_allclose(fast.gross, slow.gross, rtol=1e-9, atol=1e-6)
        for name in ("slippage", "interest", "dividends", "cut", "rejected", "forced", "ruined", "unfilled"):
            assert getattr(fast, name) == pytest.approx(getattr(slow, name), rel=1e-8, abs=1e-7), name
        assert_same_trades(fast, slow)
        assert_same_orders(fast, slow)
        assert np.isfinite(fast.equity).all()
        assert (fast.equity >= 0).all()


def assert_same_trades(fast: Account, slow: SlowAccount) -> None:
    mine = sorted(slow.trades, key=lambda trade: (trade.exit, trade.symbol, trade.entry))
    order = np.lexsort((fast.trades.entry, fast.trades.symbol, fast.trades.exit))
    assert len(order) == len(mine)
    columns: dict[str, Any] = {
        "size": [trade.units_in for trade in mine],
        "reason": [REASONS.index(trade.reason) for trade in mine],
    }
    for name in ("symbol", "entry", "exit", "side", "ambiguous", "is_open"):
        columns[name] = [getattr(trade, name) for trade in mine]
    for name in ("entry_price", "exit_price", "pnl", "fees", "mae", "mfe"):
        columns[name] = [getattr(trade, name) for trade in mine]
    for name, values in columns.items():
        found = getattr(fast.trades, name)[order]
        np.testing.assert_allclose(found, np.array(values), rtol=1e-8, atol=1e-8, err_msg=name)


def assert_same_orders(fast: Account, slow: SlowAccount) -> None:
    """Every fill: bar, symbol, units, price, fee, quote."""
    names = ["bar", "symbol", "units", "price", "fee", "quote"]
    found = sorted(tuple(float(order[name]) for name in names) for order in fast.orders)
    np.testing.assert_allclose(
        np.array(found).reshape(-1, 6), np.array(sorted(slow.fills)).reshape(-1, 6), rtol=1e-8, atol=1e-8
    )
