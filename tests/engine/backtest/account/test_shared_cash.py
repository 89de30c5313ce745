"""One cash for several symbols, by hand: fair parts, rebalancing, weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.backtest.result import REASONS
from engine.backtest.simulator import simulate_accounts
from engine.market.bars import Bars
from tests.support.accounts import KELLY, NAN, assert_same, keep, ohlc, why
from tests.support.decided import decisions_of
from tests.support.random_accounts import request, without


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


@pytest.mark.parametrize("sizing", [{"kind": "percent", "part": 0.2}, KELLY | {"cap": 0.2}])
def test_symbol_without_a_bar_at_the_decision_to_rebalance_is_sized_as_of_its_last(sizing: dict[str, Any]) -> None:
    """Both double before February, whose first bar, the thirteenth, the second symbol lacks."""
    prices = [10, 10, 12, 10, 9, 10, 10, *[20] * 8]
    whole, other = (ohlc(*[(float(price),) for price in prices], symbol=name, first="2020-01-20") for name in "AB")
    lacking = without(other, np.arange(15) == 12, what="rows")
    account = keep([whole, lacking], "LxLx.L.........", ".....L........", rebalance="month", sizing=sizing)
    rebalanced = account.orders[account.orders["reason"] == REASONS.index("rebalance")]
    assert (rebalanced["symbol"].tolist(), rebalanced["bar"].tolist()) == ([0, 1], [13, 13])


def test_full_account_enters_no_dust() -> None:
    """All is invested but for what rounding leaves: the second symbol gets nothing, not 1e-14 units."""
    bars = [ohlc(*[(15.147,)] * 4), ohlc(*[(7.722,)] * 4, symbol="S1")]
    account = keep(bars, "L...", ".Lx.")
    assert account.trades.symbol.tolist() == [0]
    assert (account.cut, account.rejected) == (0, 1)


def test_weights_shrink_before_they_grow_and_change_sides_by_way_of_nothing() -> None:
    bars = [ohlc(*[(10.0,)] * 4), ohlc(*[(20.0,)] * 4, symbol="S1")]
    wanted = np.array([[1.0, 0.0], [0.25, 0.75], [-0.5, 0.5], [NAN, NAN]])
    spec = request(2)
    assert_same(spec, bars, wanted)
    (holding,) = simulate_accounts(spec, bars, decisions_of(wanted))
    orders = holding.account.orders
    assert orders["bar"].tolist() == [1, 2, 2, 3, 3, 3]
    np.testing.assert_allclose(orders["units"], [100, -75, 37.5, -25, -12.5, -50])
    assert why(holding.account)[0] == "reversal"
