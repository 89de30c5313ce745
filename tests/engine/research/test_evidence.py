"""Stored tests that speak of a backtest: its verification, and the sweep that it is a combination of."""

from __future__ import annotations

import time
from typing import Any

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.database import connect
from engine.core.field_paths import leaves
from engine.core.spec import canonical_json
from engine.jobs import runner
from engine.market.sources.stored import save
from engine.research import evidence
from engine.research.sweep_overfitting.spec import OverfittingSpec
from engine.research.verification.spec import VerificationSpec
from tests.support.market import random_walk

pytestmark = pytest.mark.usefixtures("workspace")

FAST = {"path": "strategy.fast", "low": 2, "high": 8, "step": 2}
SLOW = {"path": "strategy.slow", "low": 10, "high": 30, "step": 10}


@pytest.fixture(autouse=True)
def bars(workspace: Any) -> None:
    for seed, name in enumerate(("ONE", "TWO")):
        save(random_walk(300, seed=seed, symbol=name))


def backtest(fast: int = 4, slow: int = 20, symbols: tuple[str, ...] = ("ONE",), **more: Any) -> BacktestSpec:
    market = {"collection": "made-up", "symbols": symbols, "adjustment": "none"}
    costs = {"commission": 1, "slippage": 1}
    strategy = {"kind": "sma_cross", "fast": fast, "slow": slow}
    return BacktestSpec.parse({"market": market, "strategy": strategy, "costs": costs} | more)


def sweep(base: BacktestSpec, *axes: dict[str, Any], **more: Any) -> SweepSpec:
    spec = SweepSpec.parse({"base": base, "axes": axes or (FAST, SLOW), **more})
    engine.run(spec)
    return spec


def test_a_run_is_found_in_the_sweep_that_holds_it() -> None:
    asked = sweep(backtest())
    cells = engine.run(asked)
    for place in range(len(cells)):
        found = evidence.sweep_origin(cells.spec_of(place))
        assert found is not None
        assert (found.sweep, found.place, found.size, found.tested) == (asked, place, len(cells), None)


@pytest.mark.parametrize(
    "other",
    [backtest(5, 20), backtest(4, 25), backtest(fill="same_close"), backtest(symbols=("TWO",)), backtest(capital=5)],
    ids=["fast", "slow", "fill", "symbol", "capital"],
)
def test_other_runs_are_not(other: BacktestSpec) -> None:
    sweep(backtest())
    assert evidence.sweep_origin(other) is None


@pytest.mark.parametrize("other", [backtest(fill="same_close"), backtest(symbols=("TWO",)), backtest(capital=5)])
def test_only_results_of_sweeps_that_can_hold_a_run_are_read(
    other: BacktestSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.run(OverfittingSpec(sweep=sweep(backtest()), samples=100, blocks=4))
    monkeypatch.setattr(evidence.runner, "lookup", lambda _: pytest.fail("a result was read"))
    assert evidence.sweep_origin(other) is None


def test_a_test_is_read_once_the_run_has_its_place_in_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(OverfittingSpec(sweep=sweep(backtest()), samples=100, blocks=4))
    read, lookup = [], evidence.runner.lookup
    monkeypatch.setattr(evidence.runner, "lookup", lambda item: read.append(item.kind) or lookup(item))
    assert evidence.sweep_origin(backtest(5)) is None, "between the combinations"
    assert "overfitting" not in read
    assert evidence.sweep_origin(backtest(4)) is not None


def test_rules_with_fewer_conditions_than_those_of_a_sweep_are_none_of_it() -> None:
    def rules(*windows: int) -> BacktestSpec:
        above = [{"kind": "comparison", "right": {"kind": "sma", "window": window}} for window in windows]
        return BacktestSpec.parse(backtest().model_dump(mode="json") | {"strategy": {"kind": "rules", "enter": above}})

    two = rules(5, 10)
    path = next(path for path in leaves(two) if path.endswith("1.right.window"))
    sweep(two, {"path": path, "low": 10, "high": 12})
    assert evidence.sweep_origin(rules(5)) is None
    found = evidence.sweep_origin(rules(5, 11))
    assert found is not None
    assert found.place == 1


def test_another_strategy_is_not() -> None:
    sweep(backtest())
    other = backtest().model_dump(mode="json") | {"strategy": {"kind": "rsi_reversion"}}
    assert evidence.sweep_origin(BacktestSpec.parse(other)) is None


def test_a_combination_is_all_symbols_of_its_sweep() -> None:
    """One of them alone was never compared with the others, and is none."""
    sweep(backtest(symbols=("ONE", "TWO")))
    found = evidence.sweep_origin(backtest(symbols=("ONE", "TWO")))
    assert found is not None
    assert found.size == 12
    for symbols in (("ONE",), ("TWO",), ("TWO", "ONE")):
        assert evidence.sweep_origin(backtest(symbols=symbols)) is None


def test_drawn_values_and_choices_are_found_as_they_are() -> None:
    asked = sweep(backtest(), {"path": "costs.commission", "low": 0, "high": 9}, sample="random", count=5)
    cells = engine.run(asked)
    assert evidence.sweep_origin(cells.spec_of(3)) is not None
    assert evidence.sweep_origin(backtest(costs={"commission": 3.21, "slippage": 1})) is None
    sweep(backtest(), {"path": "fill", "values": ["next_open", "next_close"]})
    found = evidence.sweep_origin(backtest(fill="next_close"))
    assert found is not None
    assert found.size == 2


def test_the_largest_sweep_counts_and_a_tested_one_before_it() -> None:
    small, large = sweep(backtest(), FAST), sweep(backtest())
    found = evidence.sweep_origin(backtest())
    assert found is not None
    assert found.sweep == large
    test = OverfittingSpec(sweep=small, samples=100, blocks=4)
    tested = engine.run(test)
    found = evidence.sweep_origin(backtest())
    assert found is not None
    assert found.sweep == small
    assert found.tested is not None
    assert found.tested.probability == tested.probability


def test_a_sweep_and_its_test_are_found_behind_any_number_of_newer_ones() -> None:
    asked = sweep(backtest())
    test = OverfittingSpec(sweep=asked, samples=100, blocks=4)
    newer = [sweep(backtest(fill="same_close")), OverfittingSpec(sweep=sweep(backtest(symbols=("TWO",))))]
    engine.run(test)
    with connect() as database:
        for number in range(150):
            for spec in newer:
                row = (f"{number:064x}{spec.kind}", spec.kind, "", canonical_json(spec), time.time() + number, 1.0)
                database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)
    found = evidence.sweep_origin(backtest())
    assert found is not None
    assert found.sweep == asked
    assert found.tested is not None


def test_verdict_is_quick_until_every_test_was_run() -> None:
    spec = backtest()
    result = engine.run(spec)
    assert not evidence.verdict(spec, result).full
    engine.run(VerificationSpec(backtest=spec, samples=100))
    whole = evidence.verdict(spec, result)
    assert whole.full
    assert "sweep" not in [item.test for item in whole.findings]
    assert not evidence.verdict(backtest(6), engine.run(backtest(6))).full


def test_the_tested_sweep_is_part_of_the_verdict() -> None:
    spec = backtest()
    engine.run(VerificationSpec(backtest=spec, samples=100))
    engine.run(OverfittingSpec(sweep=sweep(spec), samples=100, blocks=4))
    tests = [item.test for item in evidence.verdict(spec).findings]
    assert tests[5:7] == ["overfitting", "sweep"]


def test_a_sweep_whose_result_was_dropped_is_still_told() -> None:
    """Else a combination that was chosen among many would pass for the only one that was tried."""
    asked = sweep(backtest())
    runner.store().delete(engine.run_key(asked))
    found = evidence.sweep_origin(backtest(4, 20))
    assert found is not None
    assert (found.sweep, found.place, found.size, found.tested) == (asked, None, 0, None)
    assert evidence.sweep_origin(backtest(capital=5)) is None
    engine.run(asked)
    found = evidence.sweep_origin(backtest(4, 20))
    assert found is not None
    assert found.place is not None
