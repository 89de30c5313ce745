"""From which bar on a run is measured, and what it knows of the bars before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.decisions import decide
from engine.backtest.measured import from_start, measured, sizes_of
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.wording import measured_from
from engine.core.errors import DataError
from engine.core.progress import silent
from engine.jobs.runner import run_key
from engine.market import catalog
from engine.market.bars import Bars, Market
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.backtests import simulated
from tests.support.market import days, make_bars, random_walk
from tests.support.stored import MADE_UP, run, spec, warned
from tests.support.workspace import Workspace

NO_COSTS = {"commission": 0, "slippage": 0}
MOMENTUM = {"kind": "time_series_momentum", "lookback": 5}


def request(strategy: Any, symbols: tuple[str, ...] = ("TEST",), start: str | None = None, **more: Any) -> BacktestSpec:
    market = {"collection": "made-up", "symbols": symbols, "adjustment": "none", "start": start}
    return BacktestSpec.parse({"market": market, "strategy": strategy, "costs": NO_COSTS, **more})


def rising(count: int, symbol: str = "TEST", first: str = "2020-01-01") -> Bars:
    return make_bars(10 + np.arange(count, dtype=float), symbol=symbol, time=days(count, first))


# -- the example of six shares ----------------------------------------------------------------------------------------


def test_a_strategy_and_holding_begin_on_the_first_bar_on_which_it_could_trade(workspace: Workspace) -> None:
    """Six shares, the three strongest over 382 bars but for the last 30: it cannot choose before bar 412.

    By hand from the prices: at every 21st close from there on a third of the equity goes into each, at the next open.
    Buy and hold of the same bars has a sixth in each.
    """
    six = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")
    strategy = {"kind": "rotation", "lookback": 382, "skip": 30, "top": 3, "every": 21}
    plain = {"market": {"symbols": six}, "strategy": strategy, "costs": NO_COSTS, "capital": 1.0}
    result = engine.run(BacktestSpec.parse(plain))
    assert isinstance(result, BacktestResult)
    bars = catalog.load(MarketSpec(symbols=six)).bars
    open, close = (np.column_stack([getattr(item, name) for item in bars]) for name in ("open", "close"))
    cash, units, equity = 1.0, np.zeros(6), []
    for t in range(412, len(close)):
        if t > 412 and (t - 1 - 412) % 21 == 0:
            chosen = np.argsort(-(close[t - 31] / close[t - 413]))[:3]
            worth = cash + units @ open[t]
            units = np.zeros(6)
            units[chosen] = worth / 3 / open[t, chosen]
            cash = worth - units @ open[t]
        equity.append(cash + units @ close[t])
    np.testing.assert_array_equal(result.time, bars[0].time[412:])
    np.testing.assert_allclose(result.equity, equity, rtol=1e-9)
    held = (close[413:] / open[413]).mean(axis=1)
    np.testing.assert_allclose(result.benchmark, [1.0, *held], rtol=1e-9)
    assert (result.warm_up, result.warm_up_in_range) == (412, 412)
    with_costs = engine.run(BacktestSpec.parse(plain | {"costs": {"commission": 5, "slippage": 3}, "capital": 1e5}))
    assert with_costs.metrics["cagr"] == pytest.approx(0.361, abs=0.0005)
    assert with_costs.metrics["sharpe"] == pytest.approx(1.15, abs=0.006)
    assert with_costs.benchmark_metrics["cagr"] == pytest.approx(0.390, abs=0.0005)
    assert with_costs.benchmark_metrics["sharpe"] == pytest.approx(1.13, abs=0.005)


# -- bars before the range --------------------------------------------------------------------------------------------


def test_a_range_that_begins_later_warms_up_on_the_bars_before_it(workspace: Workspace) -> None:
    """The day asked for is the first, and the decisions are those of the whole history."""
    save(random_walk(500))
    whole = run(MADE_UP, MOMENTUM)
    part = run(MADE_UP | {"start": "2020-09-01"}, MOMENTUM)
    assert str(part.time[0])[:10] == "2020-09-01"
    assert (part.warm_up, part.warm_up_in_range) == (5, 0)
    first = int(np.searchsorted(whole.time, part.time[0]))
    flat = first + 1 + int(np.argmax(whole.exposure[first + 1 :] == 0))  # from where on both know the same
    np.testing.assert_allclose(
        part.equity[flat - first :] / part.equity[flat - first], whole.equity[flat:] / whole.equity[flat], rtol=1e-9
    )


def test_what_warms_up_without_earlier_bars_takes_them_from_the_range() -> None:
    found = simulated(request(MOMENTUM), rising(20))
    assert str(found.time[0])[:10] == "2020-01-06"
    assert (found.equity[0], found.benchmark[0]) == (100_000, 100_000)
    np.testing.assert_allclose(found.equity, found.benchmark)  # it rises, so both buy at the second open
    assert found.measured() == (
        "Measured from 2020-01-06, the first day on which it could trade: 5 bars before it went into the warm-up."
    )


def test_some_of_the_warm_up_may_lie_before_the_range() -> None:
    found = simulated(request(MOMENTUM, start="2020-01-04"), rising(20))
    assert (str(found.time[0])[:10], found.warm_up_in_range) == ("2020-01-06", 2)
    late = simulated(request(MOMENTUM, start="2020-01-10"), rising(20))
    assert (str(late.time[0])[:10], late.warm_up_in_range) == ("2020-01-10", 0)
    assert late.measured() == "Measured from 2020-01-10, warmed up on 5 bars before it."
    assert measured_from("2020-01-10", 0, 0) == "Measured from 2020-01-10."


def test_a_longer_warm_up_can_be_asked_for() -> None:
    found = simulated(request(MOMENTUM, warm_up=8), rising(20))
    assert (str(found.time[0])[:10], found.warm_up, found.required_warm_up) == ("2020-01-09", 8, 5)
    assert found.measured() == (
        "Measured from 2020-01-09, after the requested warm-up: 8 bars before it went into the warm-up."
    )
    assert simulated(request(MOMENTUM, warm_up=2), rising(20)).warm_up == 5


def test_sizes_know_the_bars_before_and_warm_up_too() -> None:
    bars = random_walk(100)
    asked = request(MOMENTUM, sizing={"kind": "volatility", "window": 30})
    found = measured(asked, [bars])
    assert len(found[0]) == 70
    (size,) = sizes_of(asked, found)
    returns = bars.close[1:31] / bars.close[:30] - 1
    year = 30 / (30 / 365.2425)
    assert size.amount[0] == pytest.approx(min(0.2 / (returns.std(ddof=1) * np.sqrt(year)), 1.0))


def test_bars_before_the_range_are_part_of_what_a_run_follows_from(workspace: Workspace) -> None:
    save(random_walk(300))
    asked = spec(MADE_UP | {"start": "2020-06-01"}, MOMENTUM)
    key = run_key(asked)
    save(random_walk(300, seed=0).slice(1, 300))
    assert run_key(asked) != key


@pytest.mark.parametrize(
    ("start", "strategy", "words"),
    [
        (None, {"kind": "sma_cross", "fast": 3, "slow": 30}, "TEST has 20 bars in this range, and SMA 3/30 needs 32"),
        ("2020-01-10", {"kind": "sma_cross", "fast": 3, "slow": 30}, "TEST has 20 bars up to the end of this range"),
        ("2020-02-10", MOMENTUM, "TEST has no bars from 2020-02-10 on"),
        ("2020-01-20", MOMENTUM, "TEST has 1 bar in this range on which TS momentum 5 could trade"),
    ],
)
def test_bars_that_are_not_enough_are_told_with_those_before(start: str | None, strategy: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        simulated(request(strategy, start=start), rising(20))


def test_a_single_bar_is_one_bar() -> None:
    words = "TEST has 1 bar in this range, and SMA 3/30 needs 32"
    with pytest.raises(DataError, match=words):
        simulated(request({"kind": "sma_cross", "fast": 3, "slow": 30}), rising(1))


# -- what stands when the range begins --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["buy_and_hold", "volatility_target"])
def test_what_speaks_once_is_heard_when_the_range_begins(kind: str) -> None:
    """Buy and hold enters with the range; a weight that was set before and has not changed stands."""
    bars = make_bars(100 * 1.001 ** np.arange(200) * (1 + 1e-5 * (-1.0) ** np.arange(200)))
    found = simulated(request({"kind": kind}, start="2020-05-01"), bars)
    assert str(found.time[0])[:10] == "2020-05-01"
    np.testing.assert_allclose(found.equity, found.benchmark, rtol=1e-9)
    assert found.metrics["trades"] == 1


def test_a_rotation_does_not_wait_for_its_next_choice() -> None:
    bars = [rising(100, "A"), make_bars(np.full(100, 10.0), symbol="B")]
    asked = request({"kind": "rotation", "lookback": 5, "skip": 0, "top": 1, "every": 50}, ("A", "B"), "2020-01-20")
    found = simulated(asked, *bars)
    price = bars[0].close[19:]
    np.testing.assert_allclose(found.equity, np.append(100_000, 100_000 * price[1:] / price[1]), rtol=1e-9)


def test_an_entry_before_the_range_is_told_and_not_followed() -> None:
    """It crosses on the seventh bar, the range begins with the tenth, and it never crosses again."""
    bars = make_bars([10, 9, 8, 7, 6, 7, 9, 11, 12, 13, 14, 15, 16])
    asked = request({"kind": "sma_cross", "fast": 2, "slow": 4}, start="2020-01-10")
    found = simulated(asked, bars)
    assert found.metrics["trades"] == 0
    assert "The strategy already had a position in TEST when the account began" in " ".join(found.warnings)
    assert "already stands" not in " ".join(simulated(request(MOMENTUM, start="2020-01-10"), bars).warnings)


# -- several symbols --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cash", ["separate", "shared"])
def test_a_symbol_that_is_listed_later_is_cash_for_the_run_and_for_holding(cash: str) -> None:
    """Until it has warmed up as well. Momentum buys what rises at its first close, as holding does."""
    early, late = rising(60, "EARLY"), rising(30, "LATE", "2020-01-31")
    found = simulated(
        request(MOMENTUM, ("EARLY", "LATE"), cash=cash, sizing={"kind": "value", "value": 50_000}), early, late
    )
    assert str(found.time[0])[:10] == "2020-01-06"
    assert [str(moment)[:10] for moment in found.trade_entry_time] == ["2020-01-07", "2020-02-06"]
    halves = [
        50_000 * np.where(np.arange(55) < 1, 1.0, early.close[5:] / early.close[6]),
        50_000 * np.concatenate([np.ones(31), late.close[6:] / late.close[6]]),
    ]
    np.testing.assert_allclose(found.benchmark, sum(halves), rtol=1e-9)
    np.testing.assert_allclose(found.equity, found.benchmark, rtol=1e-9)


def test_a_symbol_without_bars_from_a_moment_on_is_refused() -> None:
    early, late = rising(40, "EARLY"), rising(60, "LATE")
    with pytest.raises(DataError, match="EARLY has no bars from 2020-02-15 on"):
        from_start(request(MOMENTUM), [late, early], np.datetime64("2020-02-15", "ms"))


def test_an_allocation_counts_bars_of_the_common_calendar() -> None:
    early, late = rising(60, "EARLY"), rising(30, "LATE", "2020-01-31")
    asked = request({"kind": "rotation", "lookback": 5, "skip": 1, "top": 1, "every": 7}, ("EARLY", "LATE"))
    found = measured(asked, [early, late])
    assert [str(item.time[0])[:10] for item in found] == ["2020-01-07", "2020-01-31"]
    assert [str(item.time[0])[:10] for item in found.tradable] == ["2020-01-07", "2020-02-06"]
    weights = decide(asked, found, {"market": Market((early, late))}).weights
    assert len(weights) == 54
    assert np.isfinite(np.asarray(weights)[0]).all()


# -- sweeps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [None, "2020-03-01"])
def test_all_cells_of_a_sweep_are_measured_over_the_days_on_which_all_can_trade(start: str | None) -> None:
    """Prices that rise throughout: every lookback holds from the first close on, and all have the same return."""
    bars = rising(200)
    asked = SweepSpec.parse(
        {"base": request(MOMENTUM, start=start), "axes": [{"path": "strategy.lookback", "values": [5, 20, 90]}]}
    )
    found = run_sweep(asked, {"market": Market((bars,))}, silent)
    first = 90
    assert found.first[:10] == str(bars.time[first])[:10]
    assert (found.warm_up, found.warm_up_in_range) == (90, 90 if start is None else 30)
    np.testing.assert_allclose(found.total_return[0], bars.close[-1] / bars.close[first + 1] - 1, rtol=1e-9)
    assert found.observations == (200 - 90 - 1,)
    for place in range(3):
        opened = simulated(found.spec_of(place), bars)
        assert str(opened.time[0]) == found.first
        assert opened.metrics["total_return"] == found.total_return[0, place]
        assert found.place_of(found.spec_of(place)) == place
    assert found.spec_of(2).warm_up is None, "its own warm-up is the longest: it is the plain run"


def test_combinations_that_never_warm_up_do_not_shorten_the_stretch_of_the_others() -> None:
    bars = random_walk(200)
    axes = [{"path": "strategy.lookback", "values": [5, 20, 150, 900]}]
    found = run_sweep(SweepSpec.parse({"base": request(MOMENTUM), "axes": axes}), {"market": Market((bars,))}, silent)
    assert np.isnan(found.total_return[0]).tolist() == [False, False, False, True]
    assert found.warm_up == 150
    assert any("takes 150 bars of the range to warm up, which leaves 50" in text for text in found.warnings)


@pytest.mark.parametrize("fill", ["next_open", "same_close"])
def test_a_crossing_on_the_first_day_is_seen_by_the_sweep_and_by_the_run(fill: str) -> None:
    """The lines cross on the seventh bar, with which the range begins."""
    bars = make_bars([10, 9, 8, 7, 6, 7, 9, 11, 12, 13, 14, 15, 16])
    base = request({"kind": "sma_cross", "fast": 2, "slow": 4}, start="2020-01-07", fill=fill)
    asked = SweepSpec.parse({"base": base, "axes": [{"path": "strategy.fast", "values": [2]}]})
    found = run_sweep(asked, {"market": Market((bars,))}, silent)
    bought = bars.close[6 if fill == "same_close" else 7]
    assert found.trades[0, 0] == 1
    assert found.total_return[0, 0] == pytest.approx(16 / bought - 1)
    assert simulated(found.spec_of(0), bars).metrics["total_return"] == found.total_return[0, 0]


def test_a_run_of_the_sample_says_from_when_it_is_measured(workspace: Workspace) -> None:
    result = run({"symbols": ["NVDA"], "start": "2015-01-01"}, {"kind": "sma_cross", "fast": 20, "slow": 100})
    assert result.measured() == "Measured from 2015-01-02, warmed up on 100 bars before it."
    assert result.summary()["measured"] == result.measured()
    assert "Survivorship bias" in warned(result)
