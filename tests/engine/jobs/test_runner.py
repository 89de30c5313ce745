"""run(spec): one computation for all who ask, its progress, and a record of it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import engine
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.database import connect
from engine.core.errors import Cancelled
from engine.core.progress import section, silent
from engine.core.store import encode
from engine.features.spec import FeatureSpec
from engine.jobs import executors, runner
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.research import ledger
from tests.support.code import other_code
from tests.support.market import random_walk
from tests.support.requests import BACKTEST, MADE_UP, STRATEGY, spec
from tests.support.workspace import Workspace, forget

pytestmark = pytest.mark.usefixtures("workspace")


# -- once -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("stored")
def test_same_request_computes_once(computed: list[BacktestSpec]) -> None:
    first = engine.run(spec())
    again = engine.run(BacktestSpec.parse(dict(reversed(BACKTEST.items()))))
    assert len(computed) == 1
    assert encode(again) == encode(first)
    assert engine.run(spec(capital=7)).equity[0] == 7
    assert len(computed) == 2


@pytest.mark.usefixtures("stored")
def test_same_request_after_a_restart_is_read(computed: list[BacktestSpec]) -> None:
    first = engine.run(spec())
    forget()
    assert encode(engine.run(spec())) == encode(first)
    assert len(computed) == 1


@pytest.mark.usefixtures("stored")
def test_changed_bar_computes_again_and_restored_bar_does_not(computed: list[BacktestSpec]) -> None:
    engine.run(spec())
    save(random_walk(300, seed=1))
    engine.run(spec())
    save(random_walk(300))
    engine.run(spec())
    assert len(computed) == 2


@pytest.mark.usefixtures("stored")
def test_damaged_result_is_computed_again(workspace: Workspace, computed: list[BacktestSpec]) -> None:
    first = engine.run(spec())
    (file,) = (workspace.cache / "results").glob("*/*.zip")
    file.write_bytes(file.read_bytes()[:100])
    assert encode(engine.run(spec())) == encode(first)
    assert len(computed) == 2


@pytest.mark.usefixtures("stored")
def test_lookup_reads_and_never_computes(computed: list[BacktestSpec]) -> None:
    assert runner.lookup(spec()) is None
    assert not runner.is_stored(spec())
    result = engine.run(spec())
    assert runner.is_stored(spec())
    assert encode(runner.lookup(spec())) == encode(result)
    assert len(computed) == 1


@pytest.mark.usefixtures("stored")
def test_quick_specs_are_not_stored(workspace: Workspace) -> None:
    market = MarketSpec.parse(MADE_UP)
    assert len(engine.run(market).bars[0]) == 300
    assert engine.run(FeatureSpec(market=market)).symbols == ("TEST",)
    assert runner.is_stored(market)
    assert runner.lookup(market) is engine.run(market)
    assert not (workspace.cache / "results").exists()
    assert runner.recent_runs("market") == []


@pytest.mark.usefixtures("stored")
def test_failure_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> BacktestResult:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as broken:
        broken.setattr(executors, "compute", fails)
        with pytest.raises(RuntimeError):
            engine.run(spec())
    assert not runner.is_stored(spec())
    assert runner.recent_runs("backtest") == []
    assert ledger.count() == 0
    assert engine.run(spec()).metrics["trades"]


# -- progress -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("stored")
def test_progress_goes_forward_from_zero_to_one() -> None:
    seen: list[tuple[float, str]] = []
    values = {"kind": "follow_model", "model": {"kind": "model", "market": MADE_UP, "null_fits": 2}}
    engine.run(spec(strategy=values), lambda fraction, message, partial=None: seen.append((fraction, message)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < 0.2
    assert fractions[-1] == pytest.approx(1)
    assert all(message for _, message in seen)


@pytest.mark.usefixtures("stored")
def test_cancelled_run_stores_nothing() -> None:
    def stop(*_: Any) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        engine.run(spec(), stop)
    assert not runner.is_stored(spec())
    assert ledger.count() == 0


def test_section_maps_and_bounds() -> None:
    seen: list[float] = []
    part = section(lambda fraction, message, partial=None: seen.append(fraction), 0.2, 0.6)
    for fraction in (-1, 0, 0.5, 1, 7):
        part(fraction, "on")
    assert seen == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])
    silent(0.5, "unheard")


# -- the record -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("stored")
def test_each_run_is_recorded_once_and_found_by_its_key() -> None:
    for _ in range(3):
        engine.run(spec())
    key = engine.run_key(spec())
    assert runner.recent_runs("backtest") == [(key, spec())]
    assert runner.find_run(key) == spec()
    assert runner.find_run("0" * 64) is None
    with connect() as connection:
        (row,) = connection.execute("SELECT kind, label, seconds FROM runs").fetchall()
    assert (row["kind"], row["label"]) == ("backtest", "SMA 3/8, TEST")
    assert row["seconds"] > 0


@pytest.mark.usefixtures("stored")
def test_recent_runs_are_newest_first_and_limited() -> None:
    for capital in (1, 2, 3):
        engine.run(spec(capital=capital))
    found = [run.capital for _, run in runner.recent_runs("backtest")]  # type: ignore[attr-defined]
    assert found == [3, 2, 1]
    assert len(runner.recent_runs("backtest", limit=2)) == 2


@pytest.mark.usefixtures("stored")
def test_runs_of_plugins_that_are_gone_are_left_out(workspace: Workspace) -> None:
    path = workspace.write_plugin("strategies", "weekly", STRATEGY)
    gone = spec(strategy={"kind": "weekly"})
    engine.run(gone)
    engine.run(spec())
    key = engine.run_key(gone)
    path.unlink()
    assert [run for _, run in runner.recent_runs("backtest")] == [spec()]
    assert runner.find_run(key) is None


@pytest.mark.usefixtures("stored")
def test_each_trial_lands_in_the_ledger_once() -> None:
    for fast in (2, 3, 4, 3, 2):
        engine.run(spec(strategy={"kind": "sma_cross", "fast": fast, "slow": 8}))
    trials = ledger.trials("sma_cross")
    assert len(trials) == ledger.count() == 3
    assert {trial.observations for trial in trials} == {299 - 8}
    assert len({trial.sharpe for trial in trials}) == 3


@pytest.mark.usefixtures("stored")
def test_trial_that_was_stored_before_the_ledger_was_lost_is_entered_again(workspace: Workspace) -> None:
    engine.run(spec())
    for path in workspace.cache.glob("stratoscope.sqlite*"):
        path.unlink()
    engine.run(spec())
    assert ledger.count() == 1


@pytest.mark.usefixtures("stored")
def test_new_version_of_the_engine_repeats_the_same_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(spec())
    key = engine.run_key(spec())
    other_code(monkeypatch)
    engine.run(spec())
    assert engine.run_key(spec()) != key
    assert ledger.count() == 1


def test_newer_bars_repeat_the_same_trial_and_another_range_or_symbol_does_not() -> None:
    save(random_walk(300))
    engine.run(spec())
    (first,) = ledger.trials("sma_cross")
    save(random_walk(400))
    engine.run(spec())
    assert ledger.trials("sma_cross") == (first,)
    engine.run(spec(market=MADE_UP | {"start": "2020-02-01"}))
    save(random_walk(400, seed=1, symbol="OTHER"))
    engine.run(spec(market=MADE_UP | {"symbols": ["OTHER"]}))
    assert ledger.count() == 3


@pytest.mark.usefixtures("stored")
def test_another_version_of_a_strategy_of_ones_own_is_another_trial(workspace: Workspace) -> None:
    for code in (STRATEGY, STRATEGY.replace("at % 7 == 4", "at % 7 == 3"), STRATEGY):
        workspace.write_plugin("strategies", "weekly", code)
        engine.run(spec(strategy={"kind": "weekly"}))
    assert len(ledger.trials("weekly")) == 2


def test_engine_offers_run_key_and_load_spec_lazily() -> None:
    loaded = "print('engine.jobs.runner' in sys.modules)"
    script = f"import sys, engine; {loaded}; engine.run; {loaded}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        engine.nothing  # noqa: B018
