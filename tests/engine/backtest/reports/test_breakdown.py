"""Trades in groups: by hand, and what must hold for any trades."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.reports import breakdown
from engine.backtest.reports.breakdown import Group
from engine.backtest.result import REASONS, BacktestResult
from tests.support.results import make_result, trade

TRADES = [
    trade("2020-01-03", "2020-01-10", 100, symbol=0, side=1, reason="signal"),  # a Friday
    trade("2020-01-06", "2020-01-08", -50, symbol=0, side=-1, reason="stop loss"),  # a Monday
    trade("2020-02-07", "2020-02-12", 20, symbol=0, side=1, reason="signal"),  # a Friday
    trade("2020-02-10", "2020-03-01", -10, symbol=0, side=1, reason="still open", open=True),  # a Monday
]
BY: list[Callable[[BacktestResult], tuple[Group, ...]]] = [
    breakdown.by_symbol, breakdown.by_side, breakdown.by_reason, breakdown.by_weekday, breakdown.by_month,
]  # fmt: skip


def named(groups: tuple[Group, ...]) -> dict[str, Group]:
    return {group.name: group for group in groups}


def test_groups_by_hand() -> None:
    result = make_result(np.linspace(100, 120, 80), TRADES)
    sides = named(breakdown.by_side(result))
    assert sides["Long"] == Group("Long", 3, pytest.approx(2 / 3), 110.0, pytest.approx(0.11 / 3), pytest.approx(12.0))
    assert sides["Short"] == Group("Short", 1, 0.0, -50.0, pytest.approx(-0.05), 0.0)
    reasons = named(breakdown.by_reason(result))
    assert list(reasons) == ["Signal", "Stop loss", "Still open"]
    assert reasons["Signal"].profit_factor is None, "nothing was lost"
    days = named(breakdown.by_weekday(result))
    assert list(days) == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    assert (days["Mon"].profit, days["Fri"].profit) == (-60.0, 120.0)
    months = named(breakdown.by_month(result))
    assert len(months) == 12
    assert (months["Jan"].trades, months["Feb"].trades, months["Mar"].trades) == (2, 2, 0)


def test_a_symbol_that_was_never_traded_is_listed() -> None:
    groups = named(breakdown.by_symbol(make_result(np.linspace(100, 120, 80), TRADES)))
    assert groups["BBB"] == Group("BBB", 0, None, 0.0, None, None)


def test_hours_are_for_bars_within_days_only() -> None:
    hours = np.datetime64("2020-01-01T00", "ms") + np.arange(500) * np.timedelta64(1, "h")
    trades = [trade("2020-01-03T14:00", "2020-01-03T18:00", 5), trade("2020-01-04T14:00", "2020-01-04T15:00", -1)]
    inside = make_result(np.linspace(100, 120, 500), trades, time=hours)
    assert [(group.name, group.trades) for group in breakdown.by_hour(inside)] == [("14:00", 2)]
    assert breakdown.by_hour(make_result(np.linspace(100, 120, 80), TRADES)) == ()


def test_the_open_of_an_exchange_is_one_hour_in_summer_and_winter() -> None:
    hours = np.datetime64("2020-01-01T00", "ms") + np.arange(5000) * np.timedelta64(1, "h")
    winter, summer = trade("2020-03-06T14:30", "2020-03-06T18:30", 5), trade("2020-03-09T13:30", "2020-03-09T15:30", -1)
    late = trade("2020-06-30T23:30", "2020-07-01T00:30", 1)

    def inside(zone: str, other: str = "UTC") -> BacktestResult:
        trades = [winter, summer, late]
        return make_result(np.linspace(100, 120, 5000), trades, time=hours, zones=(zone, other))

    def entered(groups: tuple[Group, ...]) -> dict[str, int]:
        return {group.name: group.trades for group in groups if group.trades}

    assert entered(breakdown.by_hour(inside("America/New_York"))) == {"09:00": 2, "19:00": 1}
    assert entered(breakdown.by_hour(inside("UTC"))) == {"13:00": 1, "14:00": 1, "23:00": 1}
    assert entered(breakdown.by_weekday(inside("Asia/Tokyo"))) == {"Fri": 1, "Mon": 1, "Wed": 1}
    assert entered(breakdown.by_month(inside("Asia/Tokyo")))["Jul"] == 1
    late |= {"symbol": 1}
    assert entered(breakdown.by_hour(inside("America/New_York", "Asia/Tokyo"))) == {"08:00": 1, "09:00": 2}


@pytest.mark.parametrize("by", BY)
def test_no_trades_give_groups_without_figures(by: Callable[[BacktestResult], tuple[Group, ...]]) -> None:
    assert all(group.trades == 0 and group.win_rate is None for group in by(make_result([100.0, 101.0, 102.0])))


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1))
SOME = st.lists(
    st.builds(
        lambda at, pnl, symbol, side, reason: trade(
            at.isoformat(), (at + timedelta(days=3)).isoformat(), pnl, symbol=symbol, side=side, reason=reason
        ),
        MOMENTS,
        st.integers(-(10**8), 10**8).map(lambda cents: cents / 100),
        st.integers(0, 1),
        st.sampled_from((-1, 1)),
        st.sampled_from(REASONS),
    ),
    max_size=30,
)  # fmt: skip


@pytest.mark.parametrize("by", BY)
@given(trades=SOME)
def test_every_trade_is_in_one_group(by: Callable[[BacktestResult], tuple[Group, ...]], trades: list[dict]) -> None:
    result = make_result([100.0, 101.0, 102.0], trades)
    groups = by(result)
    assert sum(group.trades for group in groups) == len(trades)
    assert sum(group.profit for group in groups) == pytest.approx(result.trade_pnl.sum(), abs=1e-6)
    won = sum((group.win_rate or 0) * group.trades for group in groups)
    assert won == pytest.approx((result.trade_pnl > 0).sum())
    returned = sum((group.mean_return or 0) * group.trades for group in groups)
    assert returned == pytest.approx(result.trade_return.sum(), abs=1e-9)


@given(trades=SOME)
def test_weekday_and_month_are_those_of_pandas(trades: list[dict]) -> None:
    result = make_result([100.0, 101.0, 102.0], trades)
    entered = pd.DatetimeIndex(result.trade_entry_time)
    days = {group.name: group.trades for group in breakdown.by_weekday(result) if group.trades}
    assert days == entered.day_name().str[:3].value_counts().to_dict()
    months = {group.name: group.trades for group in breakdown.by_month(result) if group.trades}
    assert months == entered.month_name().str[:3].value_counts().to_dict()
