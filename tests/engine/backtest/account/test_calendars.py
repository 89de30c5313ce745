"""One cash for symbols of different calendars: what is decided where one has no bar, and whose bars are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.account import Account
from engine.backtest.result import REASONS
from engine.backtest.simulator import simulate_accounts
from engine.market.bars import Bars
from engine.strategies import Signals
from tests.support import random_accounts as random
from tests.support.accounts import FLAT, NAN, assert_same, keep, ohlc, why
from tests.support.decided import decisions_of
from tests.support.random_accounts import request, without

FILLS = ("next_open", "next_close", "same_close")


def market(coin: list[float], stock: list[float], closed: tuple[int, ...]) -> list[Bars]:
    """A coin that trades on every day from 25 July 2020 on, and a stock that does not on those ``closed``."""
    both = [
        ohlc(*[(price,) for price in prices], symbol=name, first="2020-07-25")
        for name, prices in (("COIN", coin), ("STOCK", stock))
    ]
    return [both[0], without(both[1], np.isin(np.arange(len(stock)), closed).tolist(), what="rows")]


def both_bought(bars: list[Bars], **more: Any) -> Account:
    return keep(bars, *("L" + "." * (len(item) - 1) for item in bars), **more)


def rebalanced(account: Account) -> list[tuple[int, int]]:
    """Bar and symbol of every fill after the two entries."""
    return [(int(order["bar"]), int(order["symbol"])) for order in account.orders[2:]]


HALF = {"sizing": {"kind": "percent", "part": 0.5}}
DOUBLED, STILL = [10.0] * 3 + [20.0] * 15, [10.0] * 18
WEEKEND = (7, 8)
"""The first and second of August, a Saturday and a Sunday."""


@pytest.mark.parametrize(("fill", "sold", "bought"), [("next_open", 8, 9), ("next_close", 8, 9), ("same_close", 7, 9)])
def test_rebalancing_on_a_closed_day_is_filled_at_the_next_bar(fill: str, sold: int, bought: int) -> None:
    """The coin's 500 become 1,000: of 1,500 each gets 750, the coin on Sunday and the stock on Monday."""
    account = both_bought(market(DOUBLED, STILL, WEEKEND), rebalance="month", fill=fill, **HALF)
    assert rebalanced(account) == [(sold, 0), (bought, 1)]
    np.testing.assert_allclose(account.orders["units"][2:], [-12.5, 25])
    assert account.gross[-1] == pytest.approx(1500)


def test_rebalancing_that_waits_is_not_replaced_by_the_next_day_without_a_bar() -> None:
    """Daily: on Friday, on Saturday, when the coin opens at 20, and on Sunday; evened out on Monday."""
    account = both_bought(market([10.0] * 7 + [20.0] * 11, STILL, WEEKEND), rebalance="day", **HALF)
    assert rebalanced(account) == [(7, 0), (9, 1)]
    np.testing.assert_allclose(account.orders["units"][2:], [-12.5, 25])


def test_size_on_a_closed_day_is_that_of_the_last_bar() -> None:
    """0.2 a year over what was measured by Friday, of 14 days of which the last was the wildest."""
    prices = [10.0, 10.1, 10, 10.1, 10, 10.1, 11, 11, 11, 11, 11, 11]
    bars = market([10.0] * 12, prices, WEEKEND)
    asked = {"kind": "volatility", "target": 0.2, "window": 3, "largest": 0.4}
    account = keep(bars, "." * 12, "...L" + "." * 6, rebalance="month", sizing=asked)
    amount = request(2, sizing=asked).sizing.size(bars[1]).amount
    assert amount[6] < amount[3]
    (_, resized) = account.orders["units"]
    held = account.orders["units"][0]
    equity = 1000 + held * (11 - account.orders["price"][0])
    assert held + resized == pytest.approx(amount[6] * equity / 11)
    assert account.orders["bar"].tolist() == [4, 9]


def test_sizing_without_an_answer_takes_nothing_from_what_waits() -> None:
    """The stock has rows without prices on the weekend, on which its volatility is unknown: Friday's size stays."""
    moves = [0.1 * (day % 2) for day in range(18)]
    coin, whole = market(
        [10 + move for move in moves[:7]] + [20 + move for move in moves[7:]], [10 + move for move in moves], ()
    )
    stock = without(whole, np.isin(np.arange(18), WEEKEND).tolist(), what="prices")
    asked = {"kind": "volatility", "target": 1.0, "window": 2, "largest": 0.5}
    assert np.isnan(request(2, sizing=asked).sizing.size(stock).amount[[7, 8]]).all()
    marks = "..L" + "." * 15
    account = keep([coin, stock], marks, marks, rebalance="day", sizing=asked)
    assert (9, 1) in rebalanced(account)


@pytest.mark.parametrize("anew", ["LLLLLLLLLLLLLLLL", "L..............."])
def test_new_size_that_waits_gives_way_to_no_decision_but_an_exit(anew: str) -> None:
    """On Monday the stock has a close and no open: what was decided on Saturday is filled on Tuesday."""
    bars = market(DOUBLED, STILL, WEEKEND)
    holed = replace(bars[1], open=np.where(bars[1].time == bars[0].time[9], NAN, bars[1].open))
    account = keep([bars[0], holed], "L" + "." * 17, anew, rebalance="month", **HALF)
    assert rebalanced(account) == [(8, 0), (10, 1)]
    left = keep([bars[0], holed], "L" + "." * 17, "L......x........", rebalance="month", **HALF)
    assert [REASONS[order["reason"]] for order in left.orders[2:]] == ["rebalance", "signal"]


def test_rebalancing_takes_no_waiting_exit_away() -> None:
    """Sold by the decision of Friday, on Monday, though Saturday is a day to rebalance."""
    account = keep(market(DOUBLED, STILL, WEEKEND), "L" + "." * 17, "L.....x.........", rebalance="month", **HALF)
    assert why(account)[0] == "signal"
    assert account.orders["bar"].tolist() == [1, 1, 8, 9]


def test_weight_on_a_closed_day_waits_for_the_next_bar() -> None:
    bars = market(DOUBLED, STILL, WEEKEND)
    wanted = np.full((18, 2), NAN)
    wanted[[0, 7]] = 0.5
    spec = request(2)
    assert_same(spec, bars, wanted)
    (holding,) = simulate_accounts(spec, bars, decisions_of(wanted))
    assert rebalanced(holding.account) == [(8, 0), (9, 1)]
    np.testing.assert_allclose(holding.account.orders["units"][2:], [-12.5, 25])


def test_what_there_is_no_cash_for_waits_for_what_is_to_be_sold() -> None:
    """The stock doubled: on Sunday there is nothing to buy the coin with, on Monday what the stock's sale brings."""
    account = both_bought(market(STILL, DOUBLED, WEEKEND), rebalance="month", **HALF)
    assert rebalanced(account) == [(9, 1), (9, 0)]
    np.testing.assert_allclose(account.orders["units"][2:], [-12.5, 25])
    assert (account.cut, account.rejected) == (0, 0)


def test_positions_that_each_want_all_are_evened_out_when_both_can_be_traded() -> None:
    """Sized at all of the equity, which makes equal parts: of 1,500 each gets 750 on Monday."""
    account = both_bought(market(DOUBLED, STILL, WEEKEND), rebalance="month")
    assert rebalanced(account) == [(9, 0), (9, 1)]
    np.testing.assert_allclose(account.orders["units"][2:], [-12.5, 25])


def weighed(bars: list[Bars], wanted: np.ndarray, **more: Any) -> Account:
    spec = request(2, **more)
    assert_same(spec, bars, wanted)
    (holding,) = simulate_accounts(spec, bars, decisions_of(wanted))
    return holding.account


def rotated(first: int, then: int) -> np.ndarray:
    """Weights of 18 days: all in one symbol, and from Saturday on in the other."""
    wanted = np.full((18, 2), NAN)
    wanted[0, [first, then]] = [1.0, 0.0]
    wanted[7, [first, then]] = [0.0, 1.0]
    return wanted


def test_weight_that_there_is_no_cash_for_waits_for_what_is_to_be_sold() -> None:
    """Out of the stock and into the coin, decided on Saturday: the coin is bought with what Monday's sale brings."""
    account = weighed(market(STILL, DOUBLED, WEEKEND), rotated(1, 0))
    assert [(order["bar"], order["symbol"]) for order in account.orders] == [(1, 1), (9, 1), (9, 0)]
    np.testing.assert_allclose(account.orders["units"], [100, -100, 200])
    assert (account.cut, account.rejected) == (0, 0)


@pytest.mark.parametrize(("opens", "bought"), [(12, 12), (13, 13), (14, None)])
def test_market_that_has_been_closed_for_over_a_week_is_not_waited_for(opens: int, bought: int | None) -> None:
    """The stock's last bar is the fifth: on the twelfth it has been closed for a week, on the thirteenth for longer."""
    bars = market(STILL, STILL, tuple(range(6, opens)))
    account = weighed(bars, rotated(1, 0))
    coins = account.orders[account.orders["symbol"] == 0]
    assert coins["bar"].tolist() == ([bought] if bought else [])
    assert account.rejected == (0 if bought else 1)
    assert account.orders["bar"][1] == opens


def test_stop_withdraws_what_a_weight_could_not_pay_for() -> None:
    """A quarter is in the coin, which falls through its stop on Sunday while the rest of its weight waits."""
    coin = [10.0] * 8 + [8.0] * 10
    wanted = np.full((18, 2), NAN)
    wanted[0], wanted[7] = [0.25, 0.75], [1.0, 0.0]
    account = weighed(market(coin, STILL, WEEKEND), wanted, stops={"stop_loss": 0.1})
    assert [(order["bar"], order["symbol"]) for order in account.orders] == [(1, 0), (1, 1), (8, 0), (9, 1)]
    assert set(why(account)) == {"stop loss", "signal"}


def test_symbol_that_never_trades_again_keeps_nobody_from_being_rebalanced() -> None:
    """Gone after the fifth day: the coin is brought to half of the equity in August and in September."""
    coin = [10.0] * 3 + [20.0] * 20 + [40.0] * 22
    bars = market(coin, [10.0] * 45, tuple(range(5, 45)))
    account = both_bought(bars, rebalance="month", **HALF)
    assert rebalanced(account) == [(8, 0), (39, 0)]
    np.testing.assert_allclose(account.orders["units"][2:], [-12.5, -(37.5 - (37.5 * 40 + 750) / 2 / 40)])
    assert not account.unfilled


@pytest.mark.parametrize(("fill", "entry", "leaves"), [("next_open", 2, 6), ("next_close", 2, 6), ("same_close", 0, 5)])
def test_time_stop_counts_the_bars_of_the_symbol(fill: str, entry: int, leaves: int) -> None:
    """Held for two bars of the stock, between which there is a weekend of the coin's."""
    bars = market([10.0] * 9, [10.0] * 9, (1, 3, 4))
    account = keep(bars, "." * 9, "L.....", stops={"time_stop": 2}, fill=fill)
    assert (account.trades.entry.tolist(), account.trades.exit.tolist()) == ([entry], [leaves + (fill != "same_close")])
    assert why(account) == ["time stop"]


@pytest.mark.parametrize("fill", FILLS)
def test_time_stop_of_weights_counts_the_bars_of_the_symbol(fill: str) -> None:
    bars = market([10.0] * 12, [10.0] * 12, (3, 4, 6))
    wanted = np.full((12, 2), NAN)
    wanted[0, 1] = 1.0
    spec = request(2, stops={"time_stop": 3}, fill=fill)
    assert_same(spec, bars, wanted)
    (holding,) = simulate_accounts(spec, bars, decisions_of(wanted))
    own = np.searchsorted(bars[1].time, bars[0].time[[holding.account.trades.entry[0], holding.account.trades.exit[0]]])
    assert own[1] - own[0] == (3 if fill == "same_close" else 4)


def test_row_without_a_close_is_no_bar_held() -> None:
    bars = ohlc(FLAT, FLAT, (NAN,) * 4, (NAN,) * 4, FLAT, FLAT, FLAT)
    account = keep(bars, "L......", stops={"time_stop": 2})
    assert account.trades.exit.tolist() == [6]


@settings(max_examples=150)
@given(some.data())
def test_symbol_is_traded_the_same_beside_one_of_another_calendar(data: some.DataObject) -> None:
    """Alone, and where another one that is never bought has bars on days on which it has none."""
    bars, other = data.draw(random.markets(most=1)), data.draw(random.markets(most=1))
    (signals,) = data.draw(random.signals(bars))
    silent = Signals(*(np.zeros(len(other[0]), dtype=bool) for _ in range(4)))
    about = data.draw(random.requests(1, rates=False)).model_dump(mode="json", exclude={"market", "financing"})
    about |= {"cash": "shared", "direction": "long", "rebalance": "never"}
    (alone,) = simulate_accounts(request(1, **about), bars, decisions_of([signals]))
    (beside,) = simulate_accounts(request(2, **about), [*bars, *other], decisions_of([signals, silent]))
    one, two = alone.account.trades, beside.account.trades
    for name in ("entry_price", "exit_price", "size", "pnl", "fees", "reason", "mae", "mfe"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=1e-12, atol=1e-12, err_msg=name)
    for name in ("entry", "exit"):
        closed = ~one.is_open
        mine, theirs = (account.time[getattr(trades, name)] for account, trades in zip(
            (alone.account, beside.account), (one, two), strict=True))  # fmt: skip
        np.testing.assert_array_equal(theirs[closed], mine[closed])
