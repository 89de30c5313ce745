"""Dividends by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.market.actions import Dividends
from engine.market.bars import Bars
from tests.support.accounts import FLAT, GAP, keep, ohlc, why


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
