"""Our account against Backtrader: two programs that share nothing but the decisions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.crosscheck import trader
from engine.backtest.crosscheck.comparison import AGREES
from engine.backtest.crosscheck.library import version
from engine.backtest.crosscheck.repeat import BacktraderRun, repeat
from engine.backtest.decisions import decide
from engine.backtest.measured import measured
from engine.backtest.simulator import simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DeviceError
from engine.market.actions import Dividends
from engine.market.bars import Bars
from engine.strategies import Signals
from tests.support import random_accounts as random
from tests.support.decided import Given, decisions_of
from tests.support.market import days, make_bars, random_walk
from tests.support.random_accounts import request

BARS = 400
PLAIN: dict[str, Any] = {"commission": 5, "slippage": 3}
RICH: dict[str, Any] = {**PLAIN, "per_order": 1, "per_share": 0.01, "minimum": 2, "spread": 4}
WHOLE = ("symbol", "entry", "exit", "side")
REAL = ("entry_price", "exit_price", "size", "pnl")


def signals(seed: int, often: float = 0.06, count: int = BARS) -> Signals:
    draws = np.random.default_rng(seed)
    return Signals(*(draws.random(count) < often for _ in range(4)))


def assert_same(spec: BacktestSpec, bars: Sequence[Bars], decisions: Given) -> list[BacktraderRun]:
    """Every trade and the equity at every close are the same, and Backtrader refused no order."""
    found = repeat(spec, bars, decisions_of(decisions))
    for holding, theirs in zip(simulate_accounts(spec, bars, decisions_of(decisions)), found, strict=True):
        ours = holding.account.trades
        here = sorted(zip(*(getattr(ours, name).tolist() for name in (*WHOLE, *REAL)), strict=True))
        there = sorted(tuple(getattr(trade, name) for name in (*WHOLE, *REAL)) for trade in theirs.trades)
        assert [row[: len(WHOLE)] for row in there] == [row[: len(WHOLE)] for row in here]
        mine, other = (np.array(rows).reshape(-1, 8)[:, len(WHOLE) :] for rows in (here, there))
        scale = np.abs(mine)
        scale[:, -1] = scale[:, 0] * scale[:, 2]  # a profit as a part of what was paid, as ``reasons`` takes it
        assert (np.abs(other - mine) <= AGREES * scale).all()
        equity = holding.account.equity
        np.testing.assert_allclose(theirs.equity, equity, rtol=AGREES, atol=AGREES * equity.max())
        assert theirs.rejected == 0
    return found


@settings(max_examples=250)
@given(some.data())
def test_signals_of_any_kind_come_to_the_same(data: some.DataObject) -> None:
    bars = data.draw(random.markets(paying=True))
    assert_same(data.draw(random.requests(len(bars))), bars, data.draw(random.signals(bars)))


@settings(max_examples=100)
@given(some.data())
def test_weights_come_to_the_same(data: some.DataObject) -> None:
    bars = data.draw(random.markets(paying=True))
    assert_same(data.draw(random.requests(len(bars), weights=True)), bars, data.draw(random.weights(bars)))


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"costs": RICH},
        {"costs": RICH, "sizing": {"kind": "value", "value": 400}},
        {"sizing": {"kind": "units", "units": 3}},
        {"sizing": {"kind": "units", "units": 1000}},
        {"sizing": {"kind": "volatility"}},
        {"sizing": {"kind": "kelly", "trades": 12}},
        {"costs": {**PLAIN, "volume_impact": 0.5, "volume_limit": 0.1}},
        {"stops": {"stop_loss": 0.03}},
        {"stops": {"stop_loss": 0.02, "take_profit": 0.04}},
        {"stops": {"trailing_stop": 0.05, "time_stop": 8}},
        {"stops": {"stop_expression": "(high - low) / close"}},
        {
            "stops": {"stop_expression": "2 * atr(5) / close"},
            "sizing": {"kind": "expression", "text": "0.001 / std(change(close), 9)"},
        },
        {"financing": {"leverage": 3, "cash_yield": 0.03, "margin_rate": 0.08, "borrow_cost": 0.02}},
    ],
    ids=str,
)
def test_each_option_over_a_long_walk(fill: str, changes: dict[str, Any]) -> None:
    spec = request(**{"costs": PLAIN, "fill": fill, "direction": "both"} | changes)
    walk = replace(random_walk(BARS, seed=3), volume=np.full(BARS, 60.0))
    (found,) = assert_same(spec, [walk], [signals(5)])
    assert len(found.trades) > 10


@pytest.mark.parametrize("every", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize("fill", ["next_open", "same_close", "limit"])
def test_signals_that_share_cash_are_rebalanced_over_a_long_walk(every: str, fill: str) -> None:
    spec = request(3, costs=RICH, fill=fill, cash="shared", direction="both", rebalance=every, capital=100_000.0)
    walks = [random_walk(BARS, seed=seed, symbol=name) for seed, name in enumerate(random.names(3))]
    (found,) = assert_same(spec, walks, given := [signals(seed) for seed in range(3)])
    never = repeat(spec.model_copy(update={"rebalance": "never"}), walks, decisions_of(given))[0]
    assert not np.allclose(found.equity, never.equity)


@pytest.mark.parametrize(
    "changes", [{}, {"limit_offset": 50, "limit_bars": 3}, {"stops": {"take_profit": 0.02}}], ids=str
)
def test_limits_and_shared_cash_over_a_long_walk(changes: dict[str, Any]) -> None:
    spec = request(3, costs=RICH, fill="limit", cash="shared", direction="both", **changes)
    walks = [random_walk(BARS, seed=seed, symbol=name) for seed, name in enumerate(random.names(3))]
    (found,) = assert_same(spec, walks, [signals(seed) for seed in range(3)])
    assert {trade.symbol for trade in found.trades} == {0, 1, 2}


@pytest.mark.parametrize("fill", ["next_open", "next_close"])
def test_month_may_begin_on_a_bar_of_a_symbol_that_warms_up(fill: str) -> None:
    """The coin trades from 4 August on, and has the only bar of Saturday the first: the stock is resized on Monday."""
    walk = random_walk(40, seed=1)
    weekdays = np.flatnonzero(np.is_busday(days(40, "2020-07-01").astype("datetime64[D]")))
    stock = make_bars(walk.close[weekdays], time=days(40, "2020-07-01")[weekdays], symbol="S0")
    coin = make_bars(walk.close[:16], time=days(16, "2020-07-25"), symbol="S1")
    asked = {
        "cash": "shared",
        "rebalance": "month",
        "warm_up": 10,
        "fill": fill,
        "sizing": {"kind": "percent", "part": 0.5},
    }
    spec = request(2, **asked)
    bars = measured(spec, [stock, coin])
    decisions = decide(spec, bars, {})
    (ours,), (theirs,) = simulate_accounts(spec, bars, decisions), repeat(spec, bars, decisions)
    np.testing.assert_array_equal(theirs.time, ours.account.time)
    np.testing.assert_allclose(theirs.equity, ours.account.equity, rtol=1e-9)
    stocks = ours.account.orders[ours.account.orders["symbol"] == 0]
    assert str(ours.account.time[stocks["bar"][1]])[:10] == "2020-08-03"


def ohlc(*rows: tuple[float, float, float, float]) -> Bars:
    table = np.array(rows)
    bars = make_bars(table[:, 3], open=table[:, 0], time=days(len(table)), symbol="S0")
    return replace(bars, high=table[:, 1], low=table[:, 2])


def entered_at_once(bars: Bars, **changes: Any) -> BacktraderRun:
    """Bought or sold short by a decision at the first close, and nothing after it."""
    first, none = np.arange(len(bars)) == 0, np.zeros(len(bars), dtype=bool)
    spec = request(**{"direction": "both"} | changes)
    given = Signals(none, none, first, none) if changes.get("direction") == "short" else Signals(first, none)
    return assert_same(spec, [bars], [given])[0]


FLAT = (100.0, 100.0, 100.0, 100.0)


def test_a_stop_is_met_on_the_bar_of_its_entry() -> None:
    (trade,) = entered_at_once(ohlc(FLAT, (100, 101, 94, 99), FLAT), stops={"stop_loss": 0.05}).trades
    assert (trade.entry, trade.exit) == (1, 1)
    assert trade.exit_price == pytest.approx(95.0)


def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open() -> None:
    (trade,) = entered_at_once(ohlc(FLAT, FLAT, (90, 99, 89, 98)), stops={"stop_loss": 0.05}).trades
    assert trade.exit_price == 90.0


def test_a_bar_that_touches_stop_and_target_is_a_stop() -> None:
    stops = {"stop_loss": 0.05, "take_profit": 0.05}
    (trade,) = entered_at_once(ohlc(FLAT, FLAT, (100, 110, 90, 100)), stops=stops).trades
    assert trade.exit_price == pytest.approx(95.0)


def test_a_bar_that_opens_beyond_the_target_leaves_there_and_is_counted() -> None:
    stops = {"stop_loss": 0.05, "take_profit": 0.05}
    found = entered_at_once(ohlc(FLAT, FLAT, (107, 110, 90, 100)), stops=stops)
    assert found.trades[0].exit_price == pytest.approx(107.0)
    assert found.workarounds == {trader.GAP: 1}


def test_a_trailing_stop_follows_highs_and_not_closes() -> None:
    """Backtrader's own follows closes: its level would be 5% below 101."""
    bars = ohlc(FLAT, (100, 110, 100, 101), (106, 106, 103, 104))
    (trade,) = entered_at_once(bars, stops={"trailing_stop": 0.05}).trades
    assert trade.exit_price == pytest.approx(104.5)


def test_a_margin_call_is_filled_where_the_equity_is_too_thin_and_is_counted() -> None:
    """2,000 held with 1,000 borrowed: at 80 the equity of 600 is 37.5% of 1,600; at 2000/30 it is a quarter."""
    bars = ohlc(FLAT, FLAT, (100, 100, 60, 80), FLAT)
    found = entered_at_once(bars, financing={"leverage": 2.0}, sizing={"kind": "percent", "part": 2})
    assert found.workarounds == {trader.MARGIN: 1}
    assert found.trades[0].exit_price == pytest.approx(1000 / 20 / 0.75)


@pytest.mark.parametrize(("direction", "paid"), [("long", 20.0), ("short", -20.0)])
def test_a_dividend_is_paid_in_cash_and_is_part_of_the_profit(direction: str, paid: float) -> None:
    bars = ohlc(FLAT, FLAT, FLAT, FLAT)
    paying = replace(bars, dividends=Dividends(bars.time[2:3], np.array([2.0])))
    found = entered_at_once(paying, direction=direction)
    assert found.trades[0].pnl == pytest.approx(paid)
    assert found.equity.tolist() == pytest.approx([1000.0, 1000.0, 1000.0 + paid, 1000.0 + paid])


def test_a_limit_expires() -> None:
    bars = ohlc(FLAT, (100, 101, 99, 100), (100, 101, 99, 100), (100, 101, 90, 100))
    assert entered_at_once(bars, fill="limit", limit_offset=500, limit_bars=2).trades == ()
    assert entered_at_once(bars, fill="limit", limit_offset=500, limit_bars=3).trades[0].entry_price == 95.0


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
@pytest.mark.parametrize("seed", range(3))
def test_bars_without_a_price_delay_a_fill_and_never_drop_it(fill: str, seed: int) -> None:
    walk, gone = random_walk(BARS, seed=seed), np.random.default_rng(seed + 9).random(BARS) < 0.15
    gone[0] = False
    holes = {name: np.where(gone, np.nan, getattr(walk, name)) for name in ("open", "high", "low", "close")}
    assert_same(request(costs=PLAIN, fill=fill, direction="both"), [replace(walk, **holes)], [signals(seed)])


def test_a_trade_that_is_still_open_ends_at_the_last_close_without_a_fee() -> None:
    (trade,) = entered_at_once(walk := random_walk(50), costs=PLAIN).trades
    assert (trade.exit, trade.exit_price) == (49, pytest.approx(walk.close[-1]))


def test_no_signal_is_no_trade_and_progress_is_told() -> None:
    none, seen = np.zeros(50, dtype=bool), []
    walks = [random_walk(50, symbol=name) for name in random.names(2)]
    found = repeat(request(2), walks, decisions_of([Signals(none, none)] * 2), seen.append)
    assert [item.trades for item in found] == [(), ()]
    assert [set(item.equity) for item in found] == [{500.0}, {500.0}]
    assert seen == [0.0, 0.5]


def test_without_the_library_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backtrader", None)
    with pytest.raises(DeviceError, match=r"pip install 'stratoscope\[backtrader\]'"):
        version()
