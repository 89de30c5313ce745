"""The account by hand, one rule at a time, and against a slow one that was written from the documents alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest import account as accounts
from engine.backtest.account import Account
from engine.backtest.portfolio import Decisions, keep_accounts
from engine.backtest.result import REASONS
from engine.backtest.spec import BacktestSpec
from engine.errors import SpecError
from engine.market.actions import Dividends
from engine.market.bars import Bars
from engine.market.panel import align
from engine.strategies import Signals
from tests.support import random_accounts as random
from tests.support.market import days, make_bars
from tests.support.random_accounts import request
from tests.support.slow_account import SlowAccount, slow_accounts

NAN = float("nan")
GAP = (NAN, NAN, NAN, NAN)


# -- against the slow account ---------------------------------------------------------------------------------------


def assert_same(spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions) -> None:
    """Both accounts agree in everything that they tell."""
    kept = keep_accounts(spec, bars, decisions)
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


@settings(max_examples=400)
@given(some.data())
def test_signals_of_any_kind_are_kept_as_the_slow_account_keeps_them(data: some.DataObject) -> None:
    bars = data.draw(random.markets(paying=True))
    spec = data.draw(random.requests(len(bars)))
    assert_same(spec, bars, data.draw(random.signals(bars)))


@settings(max_examples=150)
@given(some.data())
def test_weights_are_kept_as_the_slow_account_keeps_them(data: some.DataObject) -> None:
    bars = data.draw(random.markets(paying=True))
    spec = data.draw(random.requests(len(bars), weights=True))
    assert_same(spec, bars, data.draw(random.weights(bars)))


@settings(max_examples=60)
@given(some.data())
def test_totals_of_a_sweep_are_those_of_the_account(data: some.DataObject) -> None:
    """What a sweep keeps of a combination: no array, the same figures."""
    bars = data.draw(random.markets(most=1, paying=True))
    spec = data.draw(random.requests(1))
    (signals,) = data.draw(random.signals(bars))
    size = spec.sizing.size(bars[0])
    found = accounts.totals_of(
        accounts.tape_of(align(bars)),
        accounts.one_column(accounts.decided(signals, spec.direction)),
        accounts.one_column(size.amount),
        accounts.rules_of(spec, size, spec.costs),
        spec.capital,
    )
    (slow,) = slow_accounts(spec, bars, [signals])
    equity = np.array(slow.equity)
    changes = np.divide(equity[1:], equity[:-1], out=np.ones(len(equity) - 1), where=equity[:-1] > 0) - 1
    peak = np.maximum.accumulate(np.concatenate(([spec.capital], equity)))
    assert found["equity"] == pytest.approx(equity[-1], rel=1e-9, abs=1e-7)
    assert found["trades"] == len(slow.trades)
    assert found["orders"] == len(slow.fills)
    assert found["returns"] == pytest.approx(changes.sum(), rel=1e-8, abs=1e-8)
    assert found["squares"] == pytest.approx((changes**2).sum(), rel=1e-8, abs=1e-8)
    assert found["drawdown"] == pytest.approx((np.concatenate(([spec.capital], equity)) / peak - 1).min(), abs=1e-8)
    for name in ("slippage", "interest", "dividends", "cut", "rejected", "forced", "ruined"):
        assert float(found[name]) == pytest.approx(float(getattr(slow, name)), rel=1e-8, abs=1e-7), name


@settings(max_examples=200)
@given(some.data())
def test_quotes_lie_within_their_bars_and_limits_are_kept(data: some.DataObject) -> None:
    """Slippage and impact are costs on top of a quote that was there; an entry by limit has neither."""
    bars = data.draw(random.markets())
    spec = data.draw(random.requests(len(bars)))
    signals = data.draw(random.signals(bars))
    for holding in keep_accounts(spec, bars, signals):
        columns = align([bars[index] for index in holding.symbols])
        held = np.zeros(len(holding.symbols))
        for order in holding.account.orders:
            t, s = int(order["bar"]), int(order["symbol"])
            low, high = columns.low[t, s], columns.high[t, s]
            if np.isfinite(low):  # a margin call closes symbols without a bar at their last price
                assert low * (1 - 1e-12) <= order["quote"] <= high * (1 + 1e-12)
            assert np.sign(order["units"]) * (order["price"] - order["quote"]) >= 0
            if spec.fill == "limit" and held[s] == 0:
                assert order["price"] == order["quote"] <= columns.high[t, s]
                asked = _limits(bars[holding.symbols[s]], signals[holding.symbols[s]], spec, columns.time[t])
                side = np.sign(order["units"])
                assert any(side * order["price"] <= side * limit * (1 + side * 1e-12) for limit in asked)
            held[s] = 0.0 if abs(held[s] + order["units"]) < 1e-9 * abs(order["units"]) else held[s] + order["units"]


def _limits(bars: Bars, signals: Signals, spec: BacktestSpec, moment: np.datetime64) -> list[float]:
    """The limit of the last decision before ``moment`` to enter either side."""
    codes = accounts.decided(signals, spec.direction)[bars.time < moment]
    close = bars.close[bars.time < moment]
    at = int(np.flatnonzero((codes == 1) | (codes == 2))[-1])
    known = close[: at + 1][np.isfinite(close[: at + 1])]
    return [known[-1] * (1 - (1 if codes[at] == 1 else -1) * spec.limit_offset * 1e-4)]


def test_slippage_is_a_cost_on_top_of_a_bar_that_never_moved() -> None:
    account = keep(ohlc(*[FLAT] * 4), "Lx..", costs={"slippage": 100})
    np.testing.assert_allclose(account.orders["quote"], [10, 10])
    np.testing.assert_allclose(account.orders["price"], [10.1, 9.9])


@settings(max_examples=60)
@given(some.data())
def test_nothing_is_known_of_the_future(data: some.DataObject) -> None:
    """The account of the first bars is what the whole one was there."""
    bars = data.draw(random.markets(most=1, missing=False))
    spec = data.draw(random.requests(1))
    (signals,) = data.draw(random.signals(bars))
    count = data.draw(some.integers(1, len(bars[0])))
    first = replace(bars[0], **{name: getattr(bars[0], name)[:count] for name in ("time", *random.COLUMNS)})
    part = Signals(signals.entries[:count], signals.exits[:count], *_cut(signals, count))
    (whole,), (begun,) = keep_accounts(spec, bars, [signals]), keep_accounts(spec, [first], [part])
    np.testing.assert_array_equal(whole.account.equity[:count], begun.account.equity)


def _cut(signals: Signals, count: int) -> list[np.ndarray]:
    return [side[:count] for side in (signals.short_entries, signals.short_exits) if side is not None]


# -- by hand --------------------------------------------------------------------------------------------------------


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
    (holding,) = keep_accounts(spec, listed, decisions)
    return holding.account


def why(account: Account) -> list[str]:
    return [REASONS[reason] for reason in account.trades.reason]


FLAT = (10.0, 10.0, 10.0, 10.0)


def test_stop_is_checked_on_the_bar_of_the_entry() -> None:
    account = keep(ohlc(FLAT, (10, 10.2, 9, 9.8), FLAT), "L..", stops={"stop_loss": 0.05})
    assert (account.trades.entry.tolist(), account.trades.exit.tolist()) == ([1], [1])
    np.testing.assert_allclose(account.trades.exit_price, [9.5])
    np.testing.assert_allclose(account.equity, [1000, 950, 950])
    assert why(account) == ["stop loss"]


def test_stop_is_not_checked_on_a_bar_at_whose_close_was_entered() -> None:
    account = keep(ohlc(FLAT, (10, 10, 8, 10), FLAT), "L..", stops={"stop_loss": 0.05}, fill="next_close")
    assert why(account) == ["still open"]


@pytest.mark.parametrize("capital", [1000.0, 997.3, 33_333.33, 1e7 / 3])
def test_low_that_lies_exactly_on_the_stop_stops(capital: float) -> None:
    """Whatever the size of the position: the level follows from the price, not from value over units."""
    bars = ohlc((100, 101, 99, 100), (100, 101, 97, 100), (100, 101, 95, 97), (97, 98, 96, 97))
    kept = keep(bars, "L...", costs={"commission": 5, "slippage": 0}, stops={"stop_loss": 0.05}, capital=capital)
    assert why(kept) == ["stop loss"]
    assert kept.trades.exit.tolist() == [2]
    assert kept.trades.entry_price.tolist() == [100.0]


def test_gap_through_the_stop_fills_at_the_open() -> None:
    account = keep(ohlc(FLAT, FLAT, (8, 9, 7, 8.5)), "L..", stops={"stop_loss": 0.05})
    np.testing.assert_allclose(account.trades.exit_price, [8])
    np.testing.assert_allclose(account.trades.mae, [-0.2])


def test_gap_over_the_target_fills_at_the_open() -> None:
    account = keep(ohlc(FLAT, FLAT, (12, 12, 9, 9)), "L..", stops={"stop_loss": 0.05, "take_profit": 0.1})
    np.testing.assert_allclose(account.trades.exit_price, [12])
    assert why(account) == ["take profit"]
    assert account.trades.ambiguous.tolist() == [False]


@pytest.mark.parametrize(("mark", "level"), [("L", 9.5), ("S", 10.5)])
def test_stop_and_target_on_one_bar_are_the_stop_and_ambiguous(mark: str, level: float) -> None:
    account = keep(
        ohlc(FLAT, FLAT, (10, 12, 8, 10)), f"{mark}..", stops={"stop_loss": 0.05, "take_profit": 0.1}, direction="both"
    )
    np.testing.assert_allclose(account.trades.exit_price, [level])
    assert why(account) == ["stop loss"]
    assert account.trades.ambiguous.tolist() == [True]
    np.testing.assert_allclose(account.equity, [1000, 1000, 950])


def test_stop_is_anchored_to_the_fill_and_pays_slippage() -> None:
    """Bought at 10 x 1.01 = 10.10; the stop lies at 9.09 and sells at 9.09 x 0.99."""
    account = keep(ohlc(FLAT, FLAT, (10, 10, 9, 9)), "L..", costs={"slippage": 100}, stops={"stop_loss": 0.1})
    np.testing.assert_allclose(account.trades.exit_price, [10.1 * 0.9 * 0.99])


def test_trailing_stop_follows_earlier_bars_alone() -> None:
    """The entry's bar reaches 12 and then 9.5, which 12 x 0.9 would have stopped; the next bar falls to 10.8."""
    account = keep(ohlc(FLAT, (10, 12, 9.5, 11.5), (11.5, 11.5, 10.5, 11)), "L..", stops={"trailing_stop": 0.1})
    assert (account.trades.exit.tolist(), why(account)) == ([2], ["trailing stop"])
    np.testing.assert_allclose(account.trades.exit_price, [10.8])
    np.testing.assert_allclose(account.trades.mfe, [0.2])
    np.testing.assert_allclose(account.trades.mae, [-0.05])


def test_tighter_of_two_stops_holds() -> None:
    both = {"stop_loss": 0.05, "trailing_stop": 0.1}
    assert why(keep(ohlc(FLAT, FLAT, (10, 10, 9, 9)), "L..", stops=both)) == ["stop loss"]
    assert why(keep(ohlc(FLAT, (10, 12, 10, 12), (12, 12, 9, 9)), "L..", stops=both)) == ["trailing stop"]


@pytest.mark.parametrize(("fill", "entry", "leaves"), [("next_open", 1, 4), ("next_close", 1, 4), ("same_close", 0, 2)])
def test_time_stop_is_a_decision_at_a_close(fill: str, entry: int, leaves: int) -> None:
    account = keep(ohlc(*[FLAT] * 6), "L.....", stops={"time_stop": 2}, fill=fill)
    assert (account.trades.entry.tolist(), account.trades.exit.tolist()) == ([entry], [leaves])
    assert why(account) == ["time stop"]


@pytest.mark.parametrize(
    ("fill", "entries", "exits"),
    [
        ("next_open", [1, 5, 9], [4, 8, 9]),
        ("next_close", [1, 5, 9], [4, 8, 9]),
        ("same_close", [0, 3, 6, 9], [2, 5, 8]),
    ],
)
def test_time_stop_is_on_time_for_a_strategy_that_decides_anew_on_every_bar(
    fill: str, entries: list[int], exits: list[int]
) -> None:
    """Two bars held, out at the next fill, in again by the decision after the one that was not heard."""
    account = keep(ohlc(*[FLAT] * 10), "L" * 10, stops={"time_stop": 2}, fill=fill)
    assert account.trades.entry.tolist() == entries
    assert account.trades.exit[: len(exits)].tolist() == exits
    assert set(why(account)) == {"time stop", "still open"}


def test_decision_that_leaves_counts_where_the_time_stop_would() -> None:
    account = keep(ohlc(*[FLAT] * 6), "L.x...", stops={"time_stop": 1})
    assert (account.trades.exit.tolist(), why(account)) == ([3], ["signal"])
    reversed_ = keep(ohlc(*[FLAT] * 6), "L.S...", stops={"time_stop": 1}, direction="both")
    assert why(reversed_)[0] == "reversal"


def test_time_stop_of_weights_set_on_every_bar_is_on_time() -> None:
    bars = ohlc(*[FLAT] * 8)
    spec = request(stops={"time_stop": 3})
    wanted = np.full((8, 1), 0.5)
    assert_same(spec, [bars], wanted)
    (holding,) = keep_accounts(spec, [bars], wanted)
    trades = holding.account.trades
    assert (trades.entry.tolist(), trades.exit.tolist()) == ([1, 6], [5, 7])


@pytest.mark.parametrize("stop", ["stop_loss", "trailing_stop", "take_profit"])
def test_what_a_stop_could_not_sell_is_sold_whatever_is_asked_for_anew(stop: str) -> None:
    """Forty of 100 units go at the level, the rest at the next opens, though every close asks for more."""
    moved = (10, 10, 9, 9) if stop != "take_profit" else (10, 11, 10, 11)
    bars = ohlc(FLAT, FLAT, moved, *[(moved[3],)] * 5)
    bars = replace(bars, volume=np.where(np.arange(8) == 1, 1e5, 1000.0))
    account = keep(bars, "LLLLL...", costs={"volume_limit": 0.04}, stops={stop: 0.05})
    assert account.orders["units"][:4].tolist() == [100, -40, -40, -20]
    assert account.orders["bar"][:4].tolist() == [1, 2, 3, 4]
    assert why(account)[0] == stop.replace("_", " ")


def test_time_stop_heeds_no_exit_of_the_other_side() -> None:
    bars = ohlc(*[FLAT] * 5)
    signals = replace(decide("L...."), short_exits=np.ones(5, dtype=bool))
    (holding,) = keep_accounts(request(direction="both", stops={"time_stop": 1}), [bars], [signals])
    assert holding.account.trades.exit.tolist() == [3]


def test_limit_fills_at_the_limit_or_better_and_pays_no_slippage() -> None:
    """Asked for at 9.90: the first bar stays above, the second opens below."""
    account = keep(
        ohlc(FLAT, (10, 10, 9.95, 10), (9.8, 10, 9.8, 10)),
        "L..",
        costs={"slippage": 50},
        fill="limit",
        limit_offset=100,
    )
    assert (account.trades.entry.tolist(), account.slippage) == ([2], 0)
    np.testing.assert_allclose(account.trades.entry_price, [9.8])
    within = keep(ohlc(FLAT, (10, 10, 9, 10)), "L.", fill="limit", limit_offset=100)
    np.testing.assert_allclose(within.trades.entry_price, [9.9])


def test_limit_is_withdrawn_and_exits_are_at_the_open() -> None:
    prices = ohlc(FLAT, (11,), (11,), (9,), (9,))
    assert len(keep(prices, "L....", fill="limit", limit_bars=2).trades.entry) == 0
    account = keep(prices, "L..x.", fill="limit", limit_bars=3)
    assert (account.trades.entry.tolist(), account.trades.exit.tolist()) == ([3], [4])


def test_target_waits_a_bar_where_a_limit_was_filled_below_the_open() -> None:
    """The high of 12 may have come before the fill at 9.90; the low of 9.2 came with it or after."""
    rows = (FLAT, (10, 12, 9.2, 10), (10, 10, 10, 10))
    about = {"fill": "limit", "limit_offset": 100}
    assert why(keep(ohlc(*rows), "L..", stops={"take_profit": 0.1}, **about)) == ["still open"]
    assert why(keep(ohlc(*rows), "L..", stops={"stop_loss": 0.05}, **about)) == ["stop loss"]
    assert keep(ohlc(*rows), "L..", **about).trades.mfe == pytest.approx([10 / 9.9 - 1])


def test_limit_at_the_open_is_no_fill_below_it() -> None:
    """A short asked for at the last close, where the next bar opens: its target counts on that bar."""
    price = 62.04867
    bars = ohlc((price,), (price, price, price * 0.8, price * 0.8))
    account = keep(bars, "S.", fill="limit", direction="short", stops={"take_profit": 0.1}, sizing={"kind": "value"})
    assert why(account) == ["take profit"]


def test_reversal_is_two_fills_on_one_bar_the_exit_first() -> None:
    """1,000 at 10 buys 100 units; sold at 12 they are 1,200, which sells 100 units short; 9 makes 300 more."""
    account = keep(ohlc(FLAT, FLAT, (12,), (9,)), "LS..", direction="both")
    assert account.trades.side.tolist() == [1, -1]
    assert (account.trades.exit.tolist(), account.trades.entry.tolist()) == ([2, 3], [1, 2])
    assert why(account) == ["reversal", "still open"]
    np.testing.assert_allclose(account.trades.size, [100, 100])
    np.testing.assert_allclose(account.equity, [1000, 1000, 1200, 1500])


def test_margin_call_closes_where_it_is_reached() -> None:
    """100 units short at 10 leave 2,000 in cash: 2,000 - 100 p is a quarter of 100 p at p = 16."""
    account = keep(ohlc(FLAT, FLAT, (12, 50, 12, 40), (40,)), "S...", direction="short")
    np.testing.assert_allclose(account.trades.exit_price, [16])
    np.testing.assert_allclose(account.equity, [1000, 1000, 400, 400])
    assert why(account) == ["liquidation"]


def test_short_never_costs_more_than_there_is_where_vectorbt_goes_to_minus_3000() -> None:
    """Ten units sold short at 10 with 100 in cash; the price opens at 320."""
    import vectorbt as vbt

    close = np.array([10.0, 10.0, 320.0, 320.0])
    theirs = vbt.Portfolio.from_signals(
        close, np.array([True, False, False, False]), False, init_cash=100, direction="shortonly", engine="rust"
    )
    np.testing.assert_allclose(theirs.value(), [100, 100, -3000, -3000])
    account = keep(ohlc((10,), (10,), (320,), (320,)), "S...", direction="short", capital=100)
    np.testing.assert_array_equal(account.equity, [100, 100, 0, 0])
    assert account.ruined
    assert why(account) == ["liquidation"]


def test_margin_call_on_borrowed_cash_stops_where_the_stop_lies() -> None:
    """Three times 1,000 at 10; the stop at 9.70 is met before 8.89, where a quarter of the value would be left."""
    rows, credit = (FLAT, FLAT, (10, 10, 8, 8)), {"leverage": 3.0}
    sizing = {"kind": "percent", "part": 3}
    called = keep(ohlc(*rows), "L..", sizing=sizing, financing=credit)
    np.testing.assert_allclose(called.trades.exit_price, [2000 / 225])
    assert why(called) == ["liquidation"]
    stopped = keep(ohlc(*rows), "L..", sizing=sizing, financing=credit, stops={"stop_loss": 0.03})
    np.testing.assert_allclose(stopped.equity, [1000, 1000, 910])
    assert why(stopped) == ["stop loss"]


def test_margin_call_never_sells_above_the_limit_that_bought() -> None:
    """Five times the equity at a limit of 9 is too much at once: it is closed at 9, and not at the open of 10."""
    account = keep(
        ohlc(FLAT, (10, 10, 8, 9)),
        "L.",
        fill="limit",
        limit_offset=1000,
        sizing={"kind": "percent", "part": 5},
        financing={"leverage": 5.0},
    )
    np.testing.assert_allclose(account.trades.exit_price, [9])
    np.testing.assert_allclose(account.equity, [1000, 1000])


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close", "limit"])
def test_cash_is_shared_whatever_the_order_of_the_symbols(fill: str) -> None:
    """Three ask for all of 1,000: each gets a third, and the same whoever comes first."""
    prices = (10.0, 20.0, 50.0)
    kept = {}
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        bars = [ohlc(*[(prices[at],)] * 3, symbol=f"S{place}") for place, at in enumerate(order)]
        account = keep(bars, "L..", "L..", "L..", fill=fill, limit_offset=0, costs={"commission": 10})
        for trade, place in enumerate(account.trades.symbol):
            kept.setdefault(order[place], []).append(float(account.trades.size[trade]))
        assert (account.cut, account.rejected) == (3, 0)
    for at, sizes in kept.items():
        np.testing.assert_allclose(sizes, 1000 / 3 / (prices[at] * 1.001), rtol=1e-12)


def two(*prices: tuple[float, float]) -> list[Bars]:
    """Two symbols at these prices, a bar a day from the thirtieth of January on."""
    return [
        ohlc(*[(price,) for price in column], symbol=f"S{place}", first="2020-01-30")
        for place, column in enumerate(zip(*prices, strict=True))
    ]


@pytest.mark.parametrize(("every", "bar"), [("never", None), ("month", 4), ("week", 6), ("quarter", None)])
def test_positions_that_share_cash_are_brought_back_to_equal_parts(every: str, bar: int | None) -> None:
    """One doubles at once: 500 and 500 become 1,000 and 500, then 750 each by the decision of the period's first bar.

    February begins with the third bar, a Saturday, the week with the fifth.
    """
    bars = two((10, 10), (10, 10), *[(20, 10)] * 6)
    account = keep(bars, "L" + "." * 7, "L" + "." * 7, rebalance=every)
    sold = account.orders[account.orders["reason"] == REASONS.index("rebalance")]
    assert account.equity[-1] == pytest.approx(1500)
    if bar is None:
        assert len(account.orders) == 2
        return
    assert sold["units"].tolist() == pytest.approx([-12.5])
    assert account.orders["units"][2:].tolist() == pytest.approx([-12.5, 25])
    assert account.orders["bar"][2:].tolist() == [bar - 1] * 2


def test_entry_on_the_bar_of_a_rebalancing_gets_its_part() -> None:
    bars = two(*[(10, 10)] * 6)
    assert keep(bars, "L.....", "..L...").orders["units"].tolist() == [100]
    shared = keep(bars, "L.....", "..L...", rebalance="month")
    assert shared.orders["units"].tolist() == pytest.approx([100, -50, 50])


def test_short_position_is_rebalanced_as_well() -> None:
    """Sized at 40% each: the short one that rose to 480 is bought back to 40% of what is left, 920."""
    bars = two((10, 10), (10, 10), *[(10, 12)] * 4)
    about = {"rebalance": "month", "direction": "both", "sizing": {"kind": "percent", "part": 0.4}}
    account = keep(bars, "L.....", "S.....", **about)
    assert account.orders["units"].tolist() == pytest.approx([40, -40, -3.2, 40 - 0.4 * 920 / 12])
    assert account.rejected == 0


def test_value_that_is_still_right_is_left_alone() -> None:
    bars = two(*[(10, 10)] * 40)
    account = keep(bars, "L" + "." * 39, "L" + "." * 39, rebalance="day", costs={"commission": 10, "slippage": 5})
    assert len(account.orders) == 2


def test_full_account_enters_no_dust() -> None:
    """All is invested but for what rounding leaves: the second symbol gets nothing, not 1e-14 units."""
    bars = [ohlc(*[(15.147,)] * 4), ohlc(*[(7.722,)] * 4, symbol="S1")]
    account = keep(bars, "L...", ".Lx.")
    assert account.trades.symbol.tolist() == [0]
    assert (account.cut, account.rejected) == (0, 1)


def test_missing_bar_delays_an_exit_and_never_drops_it() -> None:
    account = keep(ohlc(FLAT, FLAT, GAP, GAP, (12,), (12,)), "Lx....")
    assert (account.trades.exit.tolist(), why(account)) == ([4], ["signal"])
    np.testing.assert_allclose(account.equity, [1000, 1000, 1000, 1000, 1200, 1200])


def test_borrowing_costs_by_the_calendar() -> None:
    """A day in cash at 1 bp, then as much short over a weekend: three days, each 10 bp on it, 1 bp on free cash."""
    bars = replace(ohlc(FLAT, FLAT, FLAT), time=np.array(["2020-01-02", "2020-01-03", "2020-01-06"], "datetime64[ms]"))
    account = keep(bars, "S..", direction="short", financing={"borrow_cost": 0.3652425, "cash_yield": 0.03652425})
    np.testing.assert_allclose(account.equity, [1000, 1000.1, 1000.1 * (1 + 3 * 0.0001 - 3 * 0.001)])


def test_borrowed_cash_costs_the_margin_rate() -> None:
    account = keep(
        ohlc(FLAT, FLAT, FLAT),
        "L..",
        sizing={"kind": "percent", "part": 2},
        financing={"leverage": 2.0, "margin_rate": 0.3652425, "cash_yield": 0.0},
    )
    assert account.interest == pytest.approx(-1.0)
    np.testing.assert_allclose(account.equity, [1000, 1000, 999])


KELLY = {"kind": "kelly", "scale": 0.5, "cap": 1.0, "first": 0.1, "trades": 2}


def paying(bars: Bars, *cash: float) -> Bars:
    """``bars`` that pay ``cash`` a unit, one number a bar."""
    paid = np.array(cash)
    return replace(bars, dividends=Dividends(bars.time[paid > 0], paid[paid > 0]))


@pytest.mark.parametrize(("mark", "side"), [("L", 1), ("S", -1)])
def test_dividend_is_for_who_held_over_the_night_before_it(mark: str, side: int) -> None:
    """100 units, in at the second open, out at the fourth: the dividends of the third and fourth bar count."""
    bars = paying(ohlc(*[FLAT] * 5), 1, 1, 0.5, 0.25, 1)
    account = keep(bars, f"{mark}.x..", direction="both")
    np.testing.assert_allclose(account.equity, 1000 + side * np.array([0, 0, 50, 75, 75]))
    assert account.dividends == pytest.approx(side * 75)
    np.testing.assert_allclose(account.trades.pnl, [side * 75])


def test_dividend_on_a_bar_without_a_price_is_paid_there() -> None:
    account = keep(paying(ohlc(FLAT, FLAT, GAP, FLAT), 0, 0, 1, 0), "L...")
    np.testing.assert_allclose(account.equity, [1000, 1000, 1100, 1100])


def test_dividend_of_a_short_can_call_the_margin() -> None:
    account = keep(paying(ohlc(*[FLAT] * 4), 0, 0, 9, 0), "S...", direction="both")
    assert why(account) == ["liquidation"]
    np.testing.assert_allclose(account.equity, [1000, 1000, 100, 100])


def test_kelly_by_hand() -> None:
    """A win of 20% and a loss of 10%: p = 1/2, b = 2, f = 1/2 - 1/2 / 2 = 1/4; half of it is an eighth."""
    prices = [10, 10, 12, 10, 9, 10, 10]
    account = keep(ohlc(*[(float(price),) for price in prices]), "LxLxL..", sizing=KELLY)
    equity = 1000 + 100 * 0.2
    equity -= equity * 0.1 * 0.1
    np.testing.assert_allclose(account.trades.size[-1] * account.trades.entry_price[-1], equity / 8)


def test_half_kelly_stays_half_without_a_loss() -> None:
    prices = [10, 10, 12, 10, 11, 10, 10]
    account = keep(ohlc(*[(float(price),) for price in prices]), "LxLxL..", sizing=KELLY)
    assert account.trades.size[-1] * 10 == pytest.approx(account.equity[-1] / 2)


def test_kelly_without_a_win_enters_nothing() -> None:
    prices = [10, 10, 9, 10, 9, 10, 10]
    account = keep(ohlc(*[(float(price),) for price in prices]), "LxLxL..", sizing=KELLY)
    assert (len(account.trades.entry), account.rejected) == (2, 0)


def test_minimum_commission_is_paid_and_what_cannot_pay_it_is_rejected() -> None:
    account = keep(ohlc(FLAT, FLAT, FLAT), "L..", costs={"minimum": 10})
    np.testing.assert_allclose(account.trades.size, [99])
    np.testing.assert_allclose(account.equity, [1000, 990, 990])
    poor = keep(ohlc(FLAT, FLAT, FLAT), "L..", costs={"minimum": 10}, capital=5)
    assert (len(poor.trades.entry), poor.rejected, poor.cut) == (0, 1, 0)


def test_volume_limit_drops_the_rest_of_an_entry_and_delays_that_of_an_exit() -> None:
    """A tenth of 1,000 units a bar, then of 300."""
    bars = replace(ohlc(*[FLAT] * 6), volume=np.array([1000, 1000, 300, 0, 1000, 1000.0]))
    account = keep(bars, "Lx....", costs={"volume_limit": 0.05})
    assert account.orders["units"].tolist() == [50, -15, -35]
    assert account.orders["bar"].tolist() == [1, 2, 4]
    assert account.cut == 2


def test_what_a_bar_takes_of_a_reversal_leaves_no_room_for_its_entry() -> None:
    bars = replace(ohlc(*[FLAT] * 5), volume=np.array([1000, 2000, 300, 1000, 1000.0]))
    account = keep(bars, "LS...", costs={"volume_limit": 0.05}, direction="both")
    assert account.orders["units"].tolist() == [100, -15, -50, -35]
    assert why(account) == ["reversal"]


@pytest.mark.parametrize("fill", ["next_open", "next_close"])
def test_volume_limit_binds_all_fills_of_a_bar(fill: str) -> None:
    """A stop sells its share of each bar at the open or within: nothing is left for its close."""
    bars = replace(ohlc(FLAT, FLAT, *[(8.0, 9.0, 7.0, 8.0)] * 60), volume=np.full(62, 10.0))
    bars = replace(bars, volume=np.where(np.arange(62) == 1, 1e5, bars.volume))
    account = keep(bars, "L" + "." * 61, costs={"volume_limit": 0.05}, stops={"stop_loss": 0.05}, fill=fill)
    assert account.orders["bar"].tolist() == list(range(1, 62))
    np.testing.assert_allclose(account.orders["units"][1:], -0.5)


def test_reversal_takes_no_more_of_a_bar_than_its_share() -> None:
    bars = replace(ohlc(*[FLAT] * 5), volume=np.array([1000, 1000, 3000, 1000, 1000.0]))
    account = keep(bars, "LS...", costs={"volume_limit": 0.05}, direction="both")
    assert account.orders["units"].tolist() == [50, -50, -100]
    assert account.orders["bar"].tolist() == [1, 2, 2]


def test_stop_on_the_entrys_bar_has_what_the_entry_left_of_the_volume() -> None:
    bars = replace(ohlc(FLAT, (10, 10, 9, 9), (9,), (9,)), volume=np.full(4, 1500.0))
    account = keep(bars, "L...", costs={"volume_limit": 0.1}, stops={"stop_loss": 0.05})
    assert account.orders["units"].tolist() == [100, -50, -50]
    np.testing.assert_allclose(account.orders["quote"], [10, 9.5, 9])


def test_margin_call_knows_no_volume_limit_and_is_counted() -> None:
    bars = replace(ohlc(FLAT, FLAT, (30, 30, 30, 30)), volume=np.array([1e6, 1e6, 1.0]))
    account = keep(bars, "S..", costs={"volume_limit": 0.1}, direction="short")
    assert (why(account), account.forced) == (["liquidation"], 1)


def test_weights_shrink_before_they_grow_and_change_sides_by_way_of_nothing() -> None:
    bars = [ohlc(*[(10.0,)] * 4), ohlc(*[(20.0,)] * 4, symbol="S1")]
    wanted = np.array([[1.0, 0.0], [0.25, 0.75], [-0.5, 0.5], [NAN, NAN]])
    spec = request(2)
    assert_same(spec, bars, wanted)
    (holding,) = keep_accounts(spec, bars, wanted)
    orders = holding.account.orders
    assert orders["bar"].tolist() == [1, 2, 2, 3, 3, 3]
    np.testing.assert_allclose(orders["units"], [100, -75, 37.5, -25, -12.5, -50])
    assert why(holding.account)[0] == "reversal"


# -- absurd input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stop_loss", "take_profit", "trailing_stop", "time_stop"])
def test_stop_without_width_is_refused(name: str) -> None:
    with pytest.raises(SpecError):
        request(stops={name: 0})


@pytest.mark.parametrize("price", [1e-9, 1e12])
@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close", "limit"])
def test_prices_of_any_magnitude(price: float, fill: str) -> None:
    rows = [tuple(price * part for part in row) for row in (FLAT, (10, 13, 9, 12), (12, 12, 8, 9), FLAT, FLAT)]
    account = keep(ohlc(*rows), "LS.L.", fill=fill, direction="both", stops={"stop_loss": 0.1}, costs={"minimum": 1})
    assert np.isfinite(account.equity).all()


@pytest.mark.parametrize("mark", ["L", "S"])
def test_largest_leverage_ends_at_the_first_bar_and_not_below_zero(mark: str) -> None:
    account = keep(
        ohlc(FLAT, FLAT, (5, 30, 5, 30), FLAT),
        f"{mark}...",
        direction="both",
        sizing={"kind": "percent", "part": 20},
        financing={"leverage": 20.0},
        costs={"commission": 1000, "slippage": 1000},
    )
    assert (account.equity >= 0).all()
    assert why(account) == ["liquidation"]


def test_sale_of_more_than_the_market_takes_brings_something() -> None:
    bars = replace(ohlc(*[FLAT] * 4), volume=np.array([1, 1e6, 1, 1.0]))
    account = keep(bars, "Lx..", costs={"volume_impact": 10.0})
    assert account.trades.exit_price[0] == pytest.approx(0.1)
    assert (account.equity > 0).all()


def test_volume_that_is_unknown_or_zero_has_no_impact() -> None:
    bars = replace(ohlc(*[FLAT] * 4), volume=np.array([NAN, NAN, 0, 0.0]))
    account = keep(bars, "Lx..", costs={"volume_impact": 10.0})
    np.testing.assert_array_equal(account.equity, 1000)


def test_one_bar_and_no_price_at_all() -> None:
    assert keep(ohlc(FLAT), "L").unfilled
    assert keep(ohlc(FLAT), "L", fill="same_close").trades.is_open.tolist() == [True]
    nothing = keep(ohlc(FLAT, GAP, GAP), "L..")
    np.testing.assert_array_equal(nothing.equity, 1000)
    assert nothing.unfilled


def test_equity_that_costs_use_up_is_ruin() -> None:
    """One unit at 10, and 6 for each of two orders, with 12 in cash: 4 short of what leaving costs."""
    account = keep(
        ohlc(FLAT, FLAT, (5,), (5,)), "Lx..", costs={"per_order": 6}, capital=16, sizing={"kind": "units", "units": 1}
    )
    np.testing.assert_array_equal(account.equity, [16, 10, 0, 0])
    assert account.ruined


def test_unknown_volume_fills_nothing_where_there_is_a_limit() -> None:
    bars = replace(ohlc(*[FLAT] * 5), volume=np.array([NAN, 1000, NAN, 1000, 1000]))
    account = keep(bars, "Lx...", costs={"volume_limit": 0.1})
    assert account.orders["bar"].tolist() == [1, 3]


@pytest.mark.parametrize("fields", [("open",), ("high", "low"), ("close",), ("volume",), ("open", "high", "low")])
def test_bars_that_lack_a_part_leave_no_figure_unknown(fields: tuple[str, ...]) -> None:
    rows = [(10.0, 13.0, 9.0, 12.0), (12.0, 12.0, 8.0, 9.0), FLAT] * 4
    bars, gone = ohlc(*rows), np.arange(12) % 4 == 2
    bars = replace(bars, volume=np.full(12, 50.0))
    bars = replace(bars, **{name: np.where(gone, NAN, getattr(bars, name)) for name in fields})
    account = keep(
        bars,
        "SLS.LS.L.S..",
        direction="both",
        stops={"trailing_stop": 0.1},
        costs={"volume_limit": 0.5},
        sizing={"kind": "percent", "part": 2},
        financing={"leverage": 3.0},
    )
    assert np.isfinite(account.equity).all()
    assert np.isfinite(account.trades.pnl).all()
