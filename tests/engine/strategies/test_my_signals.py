"""Stored signals and weights: an account by hand, and the same equity as the strategies whose decisions they repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.look_ahead_check import look_ahead
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError, SpecError
from engine.jobs import runner
from engine.market import catalog
from engine.market.bars import Market
from engine.market.external import stored
from engine.market.panel import align
from engine.market.spec import MarketSpec
from engine.research import ledger
from engine.research.evidence import verdict
from engine.research.verification.spec import VerificationSpec
from engine.strategies.kinds.my_signals import MySignals
from engine.strategies.kinds.my_weights import MyWeights
from engine.strategies.kinds.rotation import Rotation
from engine.strategies.kinds.sma_cross import SmaCross
from tests.support.backtests import request, simulated
from tests.support.external import keep, table
from tests.support.market import make_bars, random_walk

pytestmark = pytest.mark.usefixtures("workspace")
FREE = {"commission": 0, "slippage": 0}
COSTS = {"commission": 5, "slippage": 3}
UNIVERSE = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")


def signs(found: Any) -> np.ndarray:
    """Signals as values of a table: 1 on an entry, 0 on an exit, NaN on other bars."""
    return np.where(found.entries, 1.0, np.where(found.exits, 0.0, np.nan))


def test_an_account_by_hand() -> None:
    """Ten days, free of costs, decided at the close and filled at the next open.

    1,000 buy 100 at 10 on the 3rd day; sold at 12 on the 5th: 1,200. Sold short 100 at 12 on the 7th, covered at 9 on
    the 9th: 1,500.
    """
    open = [10, 10, 10, 11, 12, 12, 12, 10, 9, 9]
    close = [10, 10, 11, 12, 12, 12, 11, 9, 9, 10]
    bars = make_bars(close, open=open)
    keep([bars], [np.array([0, 1, 1, 0, 0, -1, -1, 0, 0, 0.0])], "my_signals", "signals")
    result = simulated(request(MySignals(), direction="both", capital=1000, costs=FREE), bars)
    expected = [1000, 1000, 1100, 1200, 1200, 1200, 1300, 1500, 1500, 1500]
    np.testing.assert_allclose(result.equity, expected, rtol=1e-12)


def test_ten_days_of_weights_by_hand() -> None:
    """A quarter of 1,000 in A on the 2nd day at 10, half of what there is in A and half in B at the open of the 5th."""
    one = make_bars([10, 10, 12, 12, 12, 12, 12, 18, 18, 18], symbol="A")
    other = make_bars([10, 10, 10, 10, 10, 10, 20, 20, 20, 20], symbol="B")
    none = np.nan
    keep(
        [one, other],
        [
            np.array([0.25, none, none, 0.5, none, none, none, none, none, none]),
            np.array([0.0, none, none, 0.5, none, none, none, none, none, none]),
        ],
        "my_weights",
        "weights",
    )
    result = simulated(request(MyWeights(), ("A", "B"), capital=1000, costs=FREE), one, other)
    second = 1050.0  # 750 in cash, 25 A at 12
    third = second / 2 + second / 2 * 2  # B doubles on the 7th day
    last = third + second / 2 * 0.5  # A rises by half on the 8th
    expected = [1000, 1000, second, second, second, second, third, last, last, last]
    np.testing.assert_allclose(result.equity, expected, rtol=1e-12)


def test_signals_of_a_cross_give_its_equity_to_the_bit() -> None:
    bars = catalog.load(MarketSpec(symbols=("NVDA",))).bars[0]
    cross = SmaCross(fast=10, slow=40)
    keep([bars], [signs(cross.signals(bars, {}))], "cross", "signals")
    common: Mapping[str, Any] = {"costs": COSTS, "market": {"symbols": ["NVDA"]}, "warm_up": 200}
    one = engine.run(BacktestSpec.parse({"strategy": cross, **common}))
    other = engine.run(BacktestSpec.parse({"strategy": MySignals(values="cross"), **common}))
    begun = np.flatnonzero(np.isin(one.time, other.time))
    np.testing.assert_array_equal(one.time[begun], other.time)
    np.testing.assert_array_equal(one.equity[begun], other.equity)
    assert one.equity[-1] != one.equity[0]
    np.testing.assert_array_equal(one.trade_pnl, other.trade_pnl)


def test_weights_of_a_rotation_give_its_equity_to_the_bit() -> None:
    market = MarketSpec(symbols=UNIVERSE)
    bars = catalog.load(market).bars
    rotation = Rotation(lookback=60, skip=5, top=2, every=21)
    weights = rotation.weights(align(bars), {})
    keep(bars, list(weights.T), "turn", "weights")
    common: Mapping[str, Any] = {"costs": COSTS, "market": market, "warm_up": 65}
    one = engine.run(BacktestSpec.parse({"strategy": rotation, **common}))
    other = engine.run(BacktestSpec.parse({"strategy": MyWeights(values="turn"), **common}))
    np.testing.assert_array_equal(one.time, other.time)
    np.testing.assert_array_equal(one.equity, other.equity)


def test_thresholds_turn_probabilities_into_decisions() -> None:
    bars = make_bars(np.ones(6))
    keep([bars], [np.array([0.4, 0.56, 0.52, 0.49, 0.45, 0.51])], "p", "predictions")
    strategy = MySignals(values="p", long_from=0.55, sell_below=0.5, short_to=0.45, cover_above=0.5)
    found = strategy.signals(bars, {})
    assert np.flatnonzero(found.entries).tolist() == [1]
    assert np.flatnonzero(found.exits).tolist() == [0, 3, 4]
    assert np.flatnonzero(found.short_entries).tolist() == [0, 4]
    assert np.flatnonzero(found.short_exits).tolist() == [1, 2, 5]
    late = MySignals(values="p", long_from=0.55, sell_below=0.5, short_to=0.45, cover_above=0.5, delay=2)
    assert np.flatnonzero(late.signals(bars, {}).entries).tolist() == [3]
    assert late.begins(bars, {}) == 2


@pytest.mark.parametrize("values", [{"sell_below": 0.6}, {"cover_above": -0.6}, {"short_to": 0.5, "cover_above": 0.5}])
def test_thresholds_that_contradict_each_other_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="must"):
        MySignals.parse(values)


def test_a_symbol_without_a_weight_is_sold_or_held() -> None:
    bars = [make_bars(np.ones(3), symbol=symbol) for symbol in "AB"]
    none = np.nan
    keep(bars, [np.array([0.5, none, 0.2]), np.array([0.5, 1.0, none])], "my_weights", "weights")
    sold = MyWeights().weights(align(bars), {})
    assert sold.tolist() == [[0.5, 0.5], [0.0, 1.0], [0.2, 0.0]]
    held = MyWeights(absent="hold", scale=2).weights(align(bars), {})
    assert np.nan_to_num(held, nan=-1).tolist() == [[1.0, 1.0], [-1, 2.0], [0.4, -1]]
    late = MyWeights(delay=1).weights(align(bars), {})
    assert np.isnan(late[0]).all()
    assert late[1:].tolist() == sold[:2].tolist()


def test_no_decision_changes_once_later_bars_are_known() -> None:
    """Whatever the table is: a value is used from the moment that it states, on a short history as on a long one."""
    walks = [random_walk(120, seed=seed, symbol=symbol) for seed, symbol in enumerate("AB")]
    random = np.random.default_rng(3)
    keep(walks, [random.uniform(-1, 1, 120) for _ in walks], "my_signals", "predictions", "1 bars")
    keep(walks, [random.uniform(0, 0.5, 120) for _ in walks], "my_weights", "weights", "30 hours")
    for strategy in (MySignals(), MyWeights()):
        spec = request(strategy, ("A", "B"), direction="both")
        assert look_ahead(spec, walks, {"market": Market(tuple(walks))}) is None


def spec_of(name: str) -> BacktestSpec:
    return BacktestSpec.parse({"strategy": MySignals(values=name), "costs": COSTS, "market": {"symbols": ["NVDA"]}})


def test_new_values_are_another_run_and_another_trial() -> None:
    bars = catalog.load(MarketSpec(symbols=("NVDA",))).bars[0]
    random = np.random.default_rng(4)
    keys, trials, equities = set(), [], set()
    for _ in range(2):
        keep([bars], [np.sign(random.normal(size=len(bars)))], "mine", "signals")
        keys.add(runner.run_key(spec_of("mine")))
        equities.add(float(engine.run(spec_of("mine")).equity[-1]))
        trials.append(ledger.count())
    assert len(keys) == len(equities) == 2
    assert trials == [1, 2]
    keep([bars], [np.sign(random.normal(size=len(bars)))], "other", "signals")
    assert runner.run_key(spec_of("mine")) in keys


def test_a_result_warns_of_values_from_the_next_bar_and_not_once_they_are_delayed() -> None:
    walks = [random_walk(120, seed=seed, symbol=symbol) for seed, symbol in enumerate("AB")]
    cheats = [np.append(np.sign(np.diff(bars.close)), 0.0) for bars in walks]
    keep(walks, cheats, "my_signals", "signals")
    keep(walks, [np.clip(cheat, 0, 1) / 2 for cheat in cheats], "my_weights", "weights")
    for kind in (MySignals, MyWeights):
        for delay, count in ((0, 2), (1, 0)):
            found = simulated(request(kind(delay=delay), ("A", "B"), costs=FREE), *walks).warnings
            assert sum("known later than stated" in text for text in found) == count


def test_a_verification_does_not_claim_that_values_are_of_the_past() -> None:
    bars = catalog.load(MarketSpec(symbols=("NVDA",))).bars[0]
    keep([bars], [np.sign(np.random.default_rng(5).normal(size=len(bars)))], "mine", "signals")
    found = engine.run(VerificationSpec(backtest=spec_of("mine")))
    assert "no recomputation can tell" in found.skipped["look_ahead"]
    assert "Uses only the past" not in [item.question for item in verdict(spec_of("mine")).findings]


def test_what_is_missing_is_said() -> None:
    with pytest.raises(DataError, match="no stored values named 'nothing'"):
        engine.run(spec_of("nothing"))
    bars = catalog.load(MarketSpec(symbols=("META",))).bars[0]
    keep([bars], [np.ones(len(bars))], "meta", "signals")
    with pytest.raises(DataError, match="'meta' have none for NVDA: leave it out"):
        engine.run(spec_of("meta"))
    with pytest.raises(DataError, match="'meta' are signals: choose weights"):
        MyWeights(values="meta").weights(align([bars]), {})
    stored.save(table(["2001-01-02"], [1], symbol="NVDA", name="early"))
    with pytest.raises(DataError, match="end on 2001-01-03, before its bars begin"):
        engine.run(spec_of("early"))
    stored.save(table(["2031-01-02"], [1], symbol="NVDA", name="late"))
    with pytest.raises(DataError, match="0 bars in this range"):
        engine.run(spec_of("late"))


def test_a_request_for_a_deleted_table_can_be_read_and_says_what_is_missing() -> None:
    bars = catalog.load(MarketSpec(symbols=("NVDA",))).bars[0]
    keep([bars], [np.ones(len(bars))], "gone", "signals")
    spec = spec_of("gone")
    stored.delete("gone")
    assert BacktestSpec.parse(spec.model_dump(mode="json")) == spec
    with pytest.raises(DataError, match="no stored values named 'gone'"):
        runner.run_key(spec)
