"""Trials that two entries of the ledger share are counted once, in either order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.spec import RunSpec, canonical_json
from engine.core.store import Trial
from engine.jobs import trials
from engine.jobs.runner import run_key, store, trial_key
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.research import ledger, overlap
from engine.research.evidence import verdict
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

FAST = {"path": "strategy.fast", "low": 2, "high": 5}
SLOW = {"path": "strategy.slow", "low": 10, "high": 30, "step": 10}
COMMISSION = {"path": "costs.commission", "low": 0, "high": 4}


def backtest(fast: int = 4, slow: int = 20, market: dict[str, Any] | None = None, **more: Any) -> BacktestSpec:
    known = {"collection": "made-up", "symbols": ["ONE"], "adjustment": "none"} | (market or {})
    strategy = {"kind": "sma_cross", "fast": fast, "slow": slow}
    return BacktestSpec.parse({"market": known, "strategy": strategy, "costs": {"commission": 1, "slippage": 1}} | more)


def sweep(*axes: dict[str, Any], base: BacktestSpec | None = None, **more: Any) -> SweepSpec:
    return SweepSpec.parse({"base": base or backtest(), "axes": axes or (FAST, SLOW), **more})


def enter(spec: RunSpec, count: int = 1, observations: int = 299, family: str = "sma_cross", **more: Any) -> None:
    """As if it had been run, with ratios of its own."""
    variance = 1e-4 if count > 1 else 0.0
    trials.record(trial_key(spec), spec, Trial(family, 0.01, observations, count, variance, 252.0), **more)


def counted(family: str = "sma_cross") -> int:
    return sum(trial.count for trial in ledger.trials(family))


def test_a_combination_that_is_opened_is_no_new_trial_whenever_it_is_run() -> None:
    save(random_walk(300, symbol="ONE"))
    engine.run(backtest(3, 20))  # before the sweep
    assert counted() == 1
    cells = engine.run(sweep())
    assert len(cells) == counted() == ledger.count() == 12
    for place in (0, 5, 11):
        opened = cells.spec_of(place)
        result = engine.run(opened)
        assert verdict(opened, result).trials == 12
    store().delete(run_key(sweep()))
    assert counted() == 12
    engine.run(backtest(6, 20))  # beside the sweep
    assert counted() == 13


@pytest.mark.parametrize("sample", ["random", "latin_hypercube", "tpe"])
def test_drawn_combinations_are_known_without_the_result(sample: str) -> None:
    save(random_walk(300, symbol="ONE"))
    wide = ({"path": "strategy.fast", "low": 2, "high": 40}, {"path": "strategy.slow", "low": 50, "high": 200})
    asked = sweep(*wide, sample=sample, count=30)
    cells = engine.run(asked)
    drawn = {tuple(row) for row in cells.parameters.tolist()}
    specs = [cells.spec_of(place) for place in range(5)]
    other = next(fast for fast in range(2, 41) if (fast, 111) not in drawn)
    store().delete(run_key(asked))
    for spec in specs:
        engine.run(spec)
    assert counted() == len(cells)
    engine.run(backtest(other, 111))
    assert counted() == len(cells) + 1


def test_candidates_of_a_walk_forward_are_counted_once() -> None:
    save(random_walk(900, symbol="ONE"))
    asked = WalkForwardSpec.parse(
        {"base": backtest(), "axes": (FAST, SLOW), "windows": {"train": 12, "test": 6}, "minimum_trades": 0}
    )
    found = engine.run(asked)
    tried = counted()
    opened = found.spec_of(0)
    assert opened is not None
    engine.run(opened)
    engine.run(sweep())
    assert counted() == tried
    engine.run(backtest(50, 200))
    assert counted() == tried + 1


@pytest.mark.parametrize(
    "other",
    [
        backtest(6, 20),
        backtest(4, 25),
        backtest(fill="same_close"),
        backtest(capital=5),
        backtest(market={"symbols": ["TWO"]}),
        backtest(market={"end": "2020-06-30"}),
    ],
    ids=["fast", "slow", "fill", "capital", "symbol", "end"],
)
def test_what_is_beside_the_search_is_another_trial(other: BacktestSpec) -> None:
    enter(sweep(), 12)
    enter(other)
    assert counted() == 13


def test_a_start_of_its_own_is_none_where_as_much_was_measured() -> None:
    """A combination may be run from the first day of its sweep; one that is given fewer bars is another choice."""
    enter(sweep(), 12, observations=250)
    enter(backtest(market={"start": "2020-02-20"}), observations=250)
    enter(backtest(5, market={"start": "2020-02-20"}), observations=260)  # bars were added since
    assert counted() == 12
    enter(backtest(market={"start": "2020-06-01"}), observations=150)
    assert counted() == 13
    enter(sweep(base=backtest(market={"start": "2020-06-01"})), 12, observations=150)
    assert counted() == 24


def test_costs_are_no_choice() -> None:
    save(random_walk(300, symbol="ONE"))
    first = engine.run(backtest())
    for costs in ({"commission": 9, "slippage": 0}, {"commission": 0, "slippage": 3, "per_order": 1, "spread": 4}):
        engine.run(backtest(costs=costs))
    engine.run(backtest(financing={"cash_yield": 0.03}))  # what a broker pays is none either
    (kept,) = ledger.trials("sma_cross")
    assert kept == first.trial()
    assert trial_key(sweep(COMMISSION)) == trial_key(backtest())
    assert trial_key(sweep(FAST, COMMISSION)) == trial_key(
        sweep(FAST, base=backtest(costs={"commission": 7, "slippage": 1}))
    )
    assert trial_key(sweep(FAST, COMMISSION)) != trial_key(sweep(FAST, SLOW))
    enter(sweep(FAST, COMMISSION), 4)
    enter(backtest(3, costs={"commission": 2.5, "slippage": 1}))
    enter(backtest(3, financing={"cash_yield": 0.02}))
    assert counted() == 4
    enter(backtest(3, financing={"leverage": 2}))
    assert counted() == 5, "how much is borrowed is a choice"


def test_a_drawn_search_over_costs_too_is_what_it_drew_of_the_rest() -> None:
    asked = sweep(FAST, COMMISSION, sample="random", count=12, seed=2)
    found = overlap.space(canonical_json(asked))
    assert found is not None
    assert found.paths == {"strategy.fast"}
    assert sorted(found.rows().ravel()) == [2, 3, 4, 5]
    assert trial_key(asked) != trial_key(sweep(FAST, sample="random", count=12, seed=2))


def test_overlapping_grids_are_counted_as_their_union() -> None:
    """fast 2..5 x slow 10, 20, 30 and fast 4..9 x slow 20, 30, 40: 12 + 18 less the 4 of (4, 5) x (20, 30)."""
    enter(sweep(), 12)
    enter(sweep({"path": "strategy.fast", "low": 4, "high": 9}, {"path": "strategy.slow", "values": [20, 30, 40]}), 18)
    assert counted() == 26
    enter(sweep({"path": "strategy.fast", "low": 3, "high": 6}), 4)  # at the base's slow of 20: all known by now
    assert counted() == 26
    enter(sweep({"path": "strategy.fast", "low": 3, "high": 12}), 10)  # 10, 11 and 12 are new
    assert counted() == 29
    enter(sweep(objective="total_return"), 12)
    assert counted() == 29


def test_refused_combinations_are_no_part_of_a_union() -> None:
    """Of fast 8..12 x slow 10..12 those of fast below slow: 2 + 3 + 4 = 9; of fast 8..12 x slow 11 three are known."""
    fast = {"path": "strategy.fast", "low": 8, "high": 12}
    enter(sweep(fast, {"path": "strategy.slow", "low": 10, "high": 12}), 9)
    enter(sweep({**fast, "high": 13}, {"path": "strategy.slow", "low": 11, "high": 15}), 3 + 4 + 5 + 6 + 6)
    assert counted() == 9 + 24 - (3 + 4)


def test_drawn_searches_are_counted_as_their_union() -> None:
    asked = [sweep(FAST, SLOW, sample="random", count=6, seed=seed) for seed in range(3)]
    both = set()
    for spec in asked:
        found = overlap.space(canonical_json(spec))
        assert found is not None
        both |= {tuple(row) for row in found.rows().tolist()}
        enter(spec, 6)
    assert 6 < counted() == len(both) < 18
    enter(sweep(), 12)
    assert counted() == 12


def test_the_spread_is_that_of_the_search_that_keeps_its_trials() -> None:
    """What is in two searches weighs once; each by itself still says what it says about luck."""
    narrow, wide = sweep(FAST), sweep({**FAST, "high": 9})
    trials.record(trial_key(narrow), narrow, Trial("sma_cross", 0.0, 1000, 4, 0.05**2, 252.0))
    trials.record(trial_key(wide), wide, Trial("sma_cross", 0.0, 1000, 8, 0.01**2, 252.0))
    first, second = ledger.trials("sma_cross")
    assert (first.count, first.ratios, second.count) == (0, 0, 8)
    assert ledger.pool((first, second), 252.0, 1000).variance == pytest.approx(0.01**2)
    alone = ledger.expected_best((Trial("sma_cross", 0.0, 1000, 4, 0.05**2, 252.0),), 252.0, 1000)
    assert ledger.expected_best((first, second), 252.0, 1000) == alone > 0.04


def test_a_cancelled_search_takes_nothing_from_others() -> None:
    asked = sweep()
    trials.record_part(trial_key(asked), asked, Trial("sma_cross", 0.0, 299, 5, 1e-4, 252.0))
    enter(backtest(3))
    assert counted() == 6
    enter(sweep(FAST, {**SLOW, "high": 40}), 16)  # which has all of it
    assert counted() == 16


def test_other_code_of_a_strategy_of_ones_own_is_another_trial(workspace: Workspace) -> None:
    enter(sweep(), 12, code="one")
    enter(backtest(3), code="other")
    assert counted() == 13


def test_a_request_that_no_longer_parses_counts_for_itself() -> None:
    enter(sweep(), 12)
    with trials.connect() as database:
        text = canonical_json(backtest(3)).replace('"fast"', '"gone"')
        database.execute(
            "INSERT INTO trials (key, family, spec, created, observations) VALUES ('k', 'sma_cross', ?, 1e10, 299)",
            (text,),
        )
    assert counted() == 13


def test_trials_on_these_data_are_those_of_every_family() -> None:
    enter(sweep(), 12)
    rsi = backtest().model_dump(mode="json") | {"strategy": {"kind": "rsi_reversion"}}

    def other(**market: Any) -> None:
        spec = BacktestSpec.parse(rsi | {"market": rsi["market"] | market})
        enter(spec, family="rsi_reversion")

    def on_data(**market: Any) -> int:
        asked = MarketSpec.parse(backtest().market.model_dump(mode="json") | market)
        return sum(trial.count for trial in ledger.on_data(asked))

    other()
    other(symbols=["ONE", "TWO"], end="2020-03-31")
    other(symbols=["TWO"])
    other(interval="1h")
    other(collection="other")
    assert counted("rsi_reversion") == 5
    assert on_data() == 14
    assert on_data(symbols=["TWO", "SIX"]) == 2
    assert on_data(start="2020-04-01") == 13
    assert on_data(start="2020-03-31") == 14
    assert on_data(adjustment="total_return") == 14
    assert on_data(symbols=["SIX"]) == 0


def test_a_model_is_a_trial_on_its_data_too() -> None:
    from engine.models.spec import ModelSpec

    market = backtest().market
    spec = ModelSpec.parse({"market": market, "features": [{"kind": "rsi"}]})
    trials.record(trial_key(spec), spec, Trial("model:lightgbm", None, 100))
    assert [trial.family for trial in ledger.on_data(market)] == ["model:lightgbm"]


def test_many_backtests_inside_and_beside_a_search_are_told_apart() -> None:
    known = np.random.default_rng(0).integers(2, 60, (400, 2))
    enter(sweep({**FAST, "high": 20}, {**SLOW, "low": 30, "high": 60, "step": 1}), 19 * 31)
    for fast, slow in {tuple(row) for row in known.tolist() if row[0] < row[1]}:
        enter(backtest(fast, slow))
    outside = {(fast, slow) for fast, slow in known.tolist() if fast < slow and not (fast <= 20 and slow >= 30)}
    assert counted() == 19 * 31 + len(outside)
