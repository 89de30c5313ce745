"""Fills of orders, by hand: slippage, limits, reversals, missing bars and partial fills at the volume limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.backtest.account import Account
from engine.backtest.simulator import simulate_accounts
from engine.market.bars import Bars
from engine.strategies import Signals
from tests.support.accounts import FLAT, GAP, NAN, assert_same, keep, ohlc, why
from tests.support.decided import decisions_of
from tests.support.random_accounts import request


def test_slippage_is_a_cost_on_top_of_a_bar_that_never_moved() -> None:
    account = keep(ohlc(*[FLAT] * 4), "Lx..", costs={"slippage": 100})
    np.testing.assert_allclose(account.orders["quote"], [10, 10])
    np.testing.assert_allclose(account.orders["price"], [10.1, 9.9])


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


def test_missing_bar_delays_an_exit_and_never_drops_it() -> None:
    account = keep(ohlc(FLAT, FLAT, GAP, GAP, (12,), (12,)), "Lx....")
    assert (account.trades.exit.tolist(), why(account)) == ([4], ["signal"])
    np.testing.assert_allclose(account.equity, [1000, 1000, 1000, 1000, 1200, 1200])


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


def test_sale_of_more_than_the_market_takes_brings_something() -> None:
    bars = replace(ohlc(*[FLAT] * 4), volume=np.array([1, 1e6, 1, 1.0]))
    account = keep(bars, "Lx..", costs={"volume_impact": 10.0})
    assert account.trades.exit_price[0] == pytest.approx(0.1)
    assert (account.equity > 0).all()


def test_volume_that_is_unknown_or_zero_has_no_impact() -> None:
    bars = replace(ohlc(*[FLAT] * 4), volume=np.array([NAN, NAN, 0, 0.0]))
    account = keep(bars, "Lx..", costs={"volume_impact": 10.0})
    np.testing.assert_array_equal(account.equity, 1000)


def test_unknown_volume_fills_nothing_where_there_is_a_limit() -> None:
    bars = replace(ohlc(*[FLAT] * 5), volume=np.array([NAN, 1000, NAN, 1000, 1000]))
    account = keep(bars, "Lx...", costs={"volume_limit": 0.1})
    assert account.orders["bar"].tolist() == [1, 3]


def sides(marks: str) -> Signals:
    """A decision a bar: L and S enter long and short, x and y exit long and short."""
    return Signals(*(np.array([mark == one for mark in marks]) for one in "LxSy"))


def kept(bars: Bars, marks: str, **more: Any) -> Account:
    spec = request(direction="both", **more)
    assert_same(spec, [bars], [sides(marks)])
    (holding,) = simulate_accounts(spec, [bars], decisions_of([sides(marks)]))
    return holding.account


@pytest.mark.parametrize("marks", ["Lxy...", "Lxyy..", "Lx.y.."])
def test_exit_of_the_other_side_does_not_take_the_place_of_one_that_waits(marks: str) -> None:
    """No open on bars 2 and 3: the long's exit waits for bar 4, whatever is said of a short that nobody holds."""
    bars = ohlc(FLAT, FLAT, (NAN, 11, 11, 11), (NAN, 11, 11, 11), (12,), (13,))
    account = kept(bars, marks)
    assert why(account) == ["signal"]
    np.testing.assert_allclose(account.trades.exit_price, [12])


def test_exit_of_the_other_side_does_not_stop_what_the_volume_limit_left() -> None:
    bars = replace(ohlc(*[FLAT] * 6), volume=np.array([2000, 2000, 800, 1000, 1000, 1000.0]))
    account = kept(bars, "Lxy...", costs={"commission": 0, "slippage": 0, "volume_limit": 0.05})
    assert account.orders["units"].tolist() == [100, -40, -50, -10]


@pytest.mark.parametrize(("marks", "entry"), [("S.x...", [3]), ("S.y...", []), ("Sxx...", [3]), ("S.xy..", [3])])
def test_working_limit_is_withdrawn_by_the_exit_of_its_own_side_alone(marks: str, entry: list[int]) -> None:
    """Short at 10.10 or better, which bar 3 reaches."""
    bars = ohlc(FLAT, FLAT, FLAT, (10, 11, 10, 10), FLAT, FLAT)
    account = kept(bars, marks, fill="limit", limit_offset=100)
    assert account.trades.entry.tolist() == entry


def test_exit_of_a_side_that_waits_leaves_what_its_entry_was_to_turn_round() -> None:
    """Short, then long asked for while there is no open: the long is withdrawn, the short bought back all the same."""
    bars = ohlc(FLAT, FLAT, (NAN, 11, 11, 11), (NAN, 11, 11, 11), (12,), (13,))
    account = kept(bars, "SLx...")
    assert (account.trades.side.tolist(), account.trades.exit.tolist(), why(account)) == ([-1], [4], ["signal"])
    np.testing.assert_allclose(account.equity[-1], 800)


def bought(budget: float, volume: float, impact: float) -> float:
    """Units at 10 that cost ``budget`` with their impact: 10 u (1 + impact (u / volume) ** 2) = budget."""
    found = np.roots([10 * impact / volume**2, 0, 10, -budget])
    return float(found[np.isreal(found)].real[0])


def test_impact_is_computed_for_what_the_account_can_bear_and_spends_it() -> None:
    """1,000 of equity pay for 98.11 units at 10.1925, and nothing stays in cash."""
    bars = replace(ohlc(*[FLAT] * 3), volume=np.full(3, 1000.0))
    costs = {"commission": 0, "slippage": 0, "volume_impact": 2.0}
    account = kept(bars, "L..", costs=costs, sizing={"kind": "value", "value": 5000})
    units = bought(1000, 1000, 2.0)
    np.testing.assert_allclose(account.orders["units"], [units], rtol=1e-12)
    np.testing.assert_allclose(account.orders["price"], [1000 / units], rtol=1e-12)
    assert account.cut == 1


def test_half_the_volume_at_once_still_spends_the_whole_budget() -> None:
    """Against a first estimate of the price, which would leave a fifth of the equity in cash."""
    bars = replace(ohlc(*[FLAT] * 3), volume=np.full(3, 100.0))
    costs = {"commission": 10, "slippage": 0, "volume_impact": 0.5, "minimum": 1}
    account = kept(bars, "L..", costs=costs)
    spent = float(account.orders["units"][0] * account.orders["price"][0] + account.orders["fee"][0])
    assert spent == pytest.approx(1000, rel=1e-12)


def test_impact_lets_no_short_exceed_the_leverage() -> None:
    bars = replace(ohlc(*[FLAT] * 3), volume=np.full(3, 1000.0))
    costs = {"commission": 0, "slippage": 0, "volume_impact": 0.5}
    account = kept(bars, "S..", costs=costs, sizing={"kind": "units", "units": 1000})
    np.testing.assert_allclose(account.orders["units"], [-100])
    np.testing.assert_allclose(account.orders["price"], [9.95])


def test_impact_alone_is_no_order_that_was_cut() -> None:
    """Half the equity, as asked: fewer units, for they are dearer, and nothing of the order is missing."""
    bars = replace(ohlc(*[FLAT] * 3), volume=np.full(3, 1000.0))
    costs = {"commission": 0, "slippage": 0, "volume_impact": 2.0}
    account = kept(bars, "L..", costs=costs, sizing={"kind": "percent", "part": 0.5})
    np.testing.assert_allclose(account.orders["units"], [bought(500, 1000, 2.0)], rtol=1e-12)
    assert account.cut == 0
