"""Several accounts added up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine.backtest.simulator import sum_on_calendar
from engine.backtest.sweeps.spec import SweepSpec
from engine.market.bars import Bars
from engine.market.sources.stored import save
from tests.support.market import days, make_bars, random_walk
from tests.support.stored import MADE_UP, pair, run, spec, warned

pytestmark = pytest.mark.usefixtures("workspace")


def test_capital_is_split_equally_and_not_rebalanced() -> None:
    market = pair(make_bars([1.0, 1.0, 2.0], symbol="A"), make_bars([5.0, 5.0, 5.0], symbol="B"))
    np.testing.assert_allclose(run(market, capital=100).equity, [100, 100, 150])


def test_different_calendars_are_joined_and_held_values_carried() -> None:
    """A trades on days 1, 2, 4 and 5, B on days 2, 3, 4; each has 50 until its own first fill."""
    of_a = make_bars([1.0, 1.0, 2.0, 3.0], symbol="A", time=["2020-01-01", "2020-01-02", "2020-01-04", "2020-01-05"])
    of_b = make_bars([1.0, 1.0, 4.0], symbol="B", time=["2020-01-02", "2020-01-03", "2020-01-04"])
    result = run(pair(of_a, of_b), capital=100)
    assert [str(day)[8:10] for day in result.time] == ["01", "02", "03", "04", "05"]
    np.testing.assert_allclose(result.equity, [100, 100, 100, 100 + 200, 150 + 200])
    np.testing.assert_allclose(result.exposure, [0, 0.5, 1, 1, 1])
    assert result.periods_per_year == pytest.approx(365.2425)
    assert result.trade_symbol.tolist() == [0, 1]
    assert (
        "The account has 5 bars: all at which any symbol has one. Bars without a price: A on 1 (1 between); "
        "B on 2 (1 before the first, 1 after the last). Until it can be traded a symbol's share stays in cash; "
        "after that positions keep their last price and orders wait for the next. Buy and hold does the same."
    ) in result.warnings


def test_gaps_of_one_symbol_are_told_and_equal_calendars_are_not() -> None:
    save(make_bars([10.0, 11.0, math.nan, 12.0]))
    assert "Rows without a close were dropped: 1 of TEST." in warned(run())
    same = pair(random_walk(50, symbol="A"), random_walk(50, seed=2, symbol="B"))
    assert "without a price" not in warned(run(same))


def test_symbol_listed_late_is_told() -> None:
    result = run({"collection": "wiki", "symbols": ["AAPL", "FB"]})
    assert "FB on 3,074 (3,074 before the first)." in warned(result)


def test_total_by_hand() -> None:
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[ms]")
    np.testing.assert_array_equal(
        sum_on_calendar(days, [(days[:2], np.array([3.0, 4.0])), (days[2:], np.array([7.0]))], 5.0),
        [3 + 5, 4 + 5, 4 + 7],
    )


def test_trades_are_in_order_of_entry() -> None:
    one = random_walk(300, seed=1, symbol="A")
    two = random_walk(300, seed=2, symbol="B")
    result = run(pair(one, two), {"kind": "sma_cross", "fast": 3, "slow": 8}, costs={"commission": 5, "slippage": 3})
    assert (np.diff(result.trade_entry_time) >= np.timedelta64(0)).all()
    assert set(result.trade_symbol.tolist()) == {0, 1}
    assert (result.trade_exit_time[~result.trade_open] > result.trade_entry_time[~result.trade_open]).all()


def test_sum_of_profits_is_the_change_of_equity() -> None:
    one, two = random_walk(300, seed=1, symbol="A"), random_walk(200, seed=2, symbol="B")
    result = run(pair(one, two), {"kind": "sma_cross", "fast": 3, "slow": 8}, costs={"commission": 5, "slippage": 3})
    assert len(result.trade_pnl) > 10
    assert result.trade_pnl.sum() == pytest.approx(result.equity[-1] - 100_000)
    np.testing.assert_allclose(result.trade_return, result.trade_pnl / (result.trade_size * result.trade_entry_price))
    assert (result.trade_bars >= 1).all()


@pytest.mark.parametrize("cash", ["shared", "separate"])
def test_bars_held_are_those_of_the_symbol(cash: str) -> None:
    """Five bars of the stock until its time stop is filled, the seven days of a week for the coin beside it."""
    coin = make_bars(np.full(20, 10.0), time=days(20, "2020-06-01"), symbol="COIN")
    weekdays = coin.time[np.is_busday(coin.time.astype("datetime64[D]"))]
    stock = make_bars(np.full(len(weekdays), 10.0), time=weekdays, symbol="STOCK")
    result = run(pair(coin, stock), stops={"time_stop": 4}, cash=cash, sizing={"kind": "percent", "part": 0.5})
    closed = ~result.trade_open
    assert dict(zip(result.trade_symbol[closed].tolist(), result.trade_bars[closed].tolist(), strict=True)) == {
        0: 5,
        1: 5,
    }
    left = dict(
        zip(result.trade_symbol[closed].tolist(), result.trade_exit_time[closed].astype("datetime64[D]"), strict=True)
    )
    assert [str(left[symbol]) for symbol in (0, 1)] == ["2020-06-07", "2020-06-09"]


def test_order_of_symbols_does_not_change_the_sum() -> None:
    market = pair(random_walk(100, seed=1, symbol="A"), random_walk(100, seed=2, symbol="B"))
    back = market | {"symbols": ["B", "A"]}
    np.testing.assert_allclose(run(market).equity, run(back).equity, rtol=1e-12)


# -- the calendar of symbols of which one still warms up --------------------------------------------------------------


def weekdays(count: int, symbol: str, seed: int, without: int, first: int = 0) -> Bars:
    """A walk on the weekdays of 2020 and 2021 but for one in ``without``, from the bar ``first`` on."""
    time = days(count)
    time = time[np.is_busday(time.astype("datetime64[D]"))]
    whole = random_walk(len(time), seed=seed)
    kept = np.flatnonzero(np.arange(len(time)) % without > 0)[first:]
    return make_bars(whole.close[kept], open=whole.open[kept], time=time[kept], symbol=symbol)


@pytest.mark.parametrize("cash", ["separate", "shared"])
@pytest.mark.parametrize("warm_up", [None, 100, 200])
def test_account_has_the_bars_of_symbols_that_still_warm_up(warm_up: int | None, cash: str) -> None:
    """One begins with the range; the other, listed later, warms up and has bars on days on which the first has none."""
    one, late = weekdays(700, "A", 1, 7), weekdays(700, "B", 2, 5, 90)
    market, sizing = pair(one, late), {"kind": "percent", "part": 0.3}
    asked = {"strategy": {"kind": "sma_cross", "fast": 5, "slow": 20}, "warm_up": warm_up, "sizing": sizing}
    result, first = run(market, cash=cash, **asked), one.time[max(warm_up or 0, 20)]
    wanted = np.union1d(one.time, late.time)
    wanted = wanted[wanted >= first]
    np.testing.assert_array_equal(result.time, wanted)
    for name, item in (("A", one), ("B", late)):
        assert f"{name} on {(~np.isin(wanted, item.time)).sum():,} (" in warned(result)
    if cash == "separate":
        alone = [run(MADE_UP | {"symbols": [name]}, **asked) for name in "AB"]
        parts = [pd.Series(item.equity / 2, item.time).reindex(wanted).ffill().fillna(50_000) for item in alone]
        np.testing.assert_allclose(result.equity, parts[0] + parts[1], rtol=1e-12)
    returns = np.diff(result.equity) / result.equity[:-1]
    years = (wanted[-1] - wanted[0]) / np.timedelta64(1, "D") / 365.2425
    ratio = returns.mean() / returns.std(ddof=1) * math.sqrt(len(returns) / years)
    assert result.metrics["sharpe"] == pytest.approx(ratio, rel=1e-9)


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
def test_month_that_begins_on_a_bar_of_a_symbol_that_warms_up_rebalances_the_other(fill: str) -> None:
    """The stock doubled to 1,000 of 1,500 in July. August begins on a Saturday, when only the coin has a bar, which
    begins to trade on the fourth: 12.5 shares are sold at 20 on Monday, and Tuesday's rise to 30 is that of 37.5.
    """
    july = days(40, "2020-07-01")
    weekdays = july[np.is_busday(july.astype("datetime64[D]"))]
    close = np.select(
        [weekdays < np.datetime64("2020-07-20"), weekdays < np.datetime64("2020-08-04")], [10.0, 20.0], 30.0
    )
    stock = make_bars(close, time=weekdays, symbol="STOCK")
    coin = make_bars(np.full(16, 10.0), time=days(16, "2020-07-25"), symbol="COIN")
    half = {"kind": "percent", "part": 0.5}
    asked = {"cash": "shared", "rebalance": "month", "sizing": half, "warm_up": 10, "capital": 1000, "fill": fill}
    result = run(pair(stock, coin), **asked)
    assert str(result.time[0])[:10] == "2020-07-15"
    assert result.equity[-1] == pytest.approx(1500 + 37.5 * 10)
    monday = result.time == np.datetime64("2020-08-03")
    assert result.exposure[monday] == pytest.approx(0.5)


@pytest.mark.parametrize("more", [{}, {"sizing": {"kind": "percent", "part": 0.5}}, {"stops": {"stop_loss": 0.05}}])
def test_cells_have_the_calendar_of_the_runs_that_they_open_as(more: dict[str, Any]) -> None:
    """In the kernel of all symbols together, and in the streaming account."""
    market = pair(weekdays(700, "A", 1, 7), weekdays(700, "B", 2, 5, 90))
    base = spec(market, {"kind": "sma_cross", "fast": 5, "slow": 30}, warm_up=120, **more)
    axes = [{"path": "strategy.fast", "values": [4, 6]}]
    found = engine.run(SweepSpec.parse({"base": base, "axes": axes, "drawdown": True}))
    for place in range(2):
        opened = engine.run(found.spec_of(place))
        assert found.observations[0] == len(opened.time) - 1
        assert opened.metrics["total_return"] == found.total_return[0, place]
        assert opened.metrics["sharpe"] == found.sharpe[0, place]
        assert opened.metrics["max_drawdown"] == found.max_drawdown[0, place]
