"""Margin calls, ruin, and what borrowing costs, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.accounts import FLAT, GAP, NAN, keep, ohlc, why


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


CALLED: dict[str, Any] = {
    "direction": "both",
    "sizing": {"kind": "units", "units": 100},
    "financing": {"leverage": 5.0},
}


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
def test_margin_call_waits_for_the_next_open_of_a_closed_market(fill: str) -> None:
    """A hundred of A short and of B long at 10. A opens at 18 and is closed there; B has no bar, and is closed at 9
    when it opens again: neither the limit of its volume nor a decision to turn round changes that.
    """
    one = ohlc(FLAT, FLAT, (18,), (18,), (18,))
    two = replace(ohlc(FLAT, FLAT, GAP, (9, 12, 9, 12), (12,), symbol="S1"), volume=np.array([1e6, 1e6, NAN, 10, 10]))
    account = keep([one, two], "S....", "L.S..", fill=fill, costs={"volume_limit": 0.5}, **CALLED)
    assert why(account) == ["liquidation", "liquidation"]
    assert (account.trades.exit.tolist(), account.trades.exit_price.tolist()) == ([2, 3], [18, 9])
    np.testing.assert_allclose(account.equity, [1000, 1000, 200, 100, 100])
    assert account.forced == 1


def test_margin_call_of_a_market_that_never_opens_again_is_left_unfilled() -> None:
    account = keep([ohlc(FLAT, FLAT, (18,), (18,)), ohlc(FLAT, FLAT, GAP, GAP, symbol="S1")], "S...", "L...", **CALLED)
    assert why(account) == ["liquidation", "still open"]
    np.testing.assert_allclose(account.equity, [1000, 1000, 200, 200])
    assert account.unfilled


def test_margin_call_of_closes_alone_is_filled_at_the_next_close() -> None:
    """100 units short at 10: at 17 the equity of 300 is less than a quarter of 1,700, and 18 is the next price."""
    bars = replace(ohlc(FLAT, FLAT, (17,), (18,), (20,)), **dict.fromkeys(("open", "high", "low"), np.full(5, NAN)))
    account = keep(bars, "S....", direction="short", fill="next_close")
    assert (why(account), account.trades.exit_price.tolist()) == (["liquidation"], [18])
    np.testing.assert_allclose(account.equity, [1000, 1000, 300, 200, 200])


def test_margin_call_knows_no_volume_limit_and_is_counted() -> None:
    bars = replace(ohlc(FLAT, FLAT, (30, 30, 30, 30)), volume=np.array([1e6, 1e6, 1.0]))
    account = keep(bars, "S..", costs={"volume_limit": 0.1}, direction="short")
    assert (why(account), account.forced) == (["liquidation"], 1)


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


def test_equity_that_costs_use_up_is_ruin() -> None:
    """One unit at 10, and 6 for each of two orders, with 12 in cash: 4 short of what leaving costs."""
    account = keep(
        ohlc(FLAT, FLAT, (5,), (5,)), "Lx..", costs={"per_order": 6}, capital=16, sizing={"kind": "units", "units": 1}
    )
    np.testing.assert_array_equal(account.equity, [16, 10, 0, 0])
    assert account.ruined
