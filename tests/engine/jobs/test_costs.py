"""Cost decides where a run is computed, and what it needs decides which worker computes it."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import DataError
from engine.core.spec import Estimate, Resources, RunSpec
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.jobs import cluster, executors, runner
from engine.jobs.memory import CAPACITY, ResultCache
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import random_walk
from tests.support.requests import BACKTEST, MADE_UP
from tests.support.workspace import Workspace

FEATURES = {"kind": "features", "market": MADE_UP, "features": [{"kind": "sma", "window": 5}, {"kind": "rsi"}]}
MODEL = {"kind": "model", "market": MADE_UP, "null_fits": 0}
pytestmark = pytest.mark.usefixtures("workspace", "stored")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of the runs that were computed."""
    kinds: list[str] = []
    compute = executors.compute

    def count(spec: RunSpec, *arguments: Any) -> Any:
        kinds.append(spec.kind)
        return compute(spec, *arguments)

    monkeypatch.setattr(executors, "compute", count)
    return kinds


def test_what_is_quick_and_light_is_computed_at_once_and_once(counted: list[str]) -> None:
    spec = engine.load_spec(FEATURES)
    assert not runner.is_job(spec)
    assert runner.is_stored(spec)
    first = engine.run(spec)
    assert counted == ["market", "features"]
    assert engine.run(spec) is first is runner.lookup(spec)
    assert engine.run(spec.market) is engine.run(spec.market)  # type: ignore[attr-defined]
    assert counted == ["market", "features"]
    assert runner.recent_runs("features") == []
    with pytest.raises(ValueError, match="read-only"):
        first.values[0, 0] = 1.0


def test_changed_bars_are_computed_again(counted: list[str]) -> None:
    spec = engine.load_spec(FEATURES)
    before = engine.run(spec)
    save(random_walk(300, seed=9))
    assert not np.array_equal(engine.run(spec).values, before.values, equal_nan=True)
    assert counted == ["market", "features"] * 2


def test_what_is_estimated_over_the_limit_is_a_job_with_a_stored_result(
    counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = engine.load_spec(FEATURES)
    monkeypatch.setattr(
        FeatureSpec, "estimate", lambda self: Estimate(seconds=runner.JOB_THRESHOLD + 0.01, megabytes=10)
    )
    assert runner.is_job(spec)
    assert not runner.is_stored(spec)
    assert runner.lookup(spec) is None
    first = engine.run(spec)
    assert [item for _, item in runner.recent_runs("features")] == [spec]
    again = engine.run(spec)
    assert again is not first
    np.testing.assert_array_equal(again.values, first.values)
    assert counted.count("features") == 1


@pytest.mark.parametrize("kind", ["backtest", "model"])
def test_what_needs_a_heavy_package_is_a_job_however_quick(kind: str) -> None:
    spec = engine.load_spec({"backtest": BACKTEST, "model": MODEL}[kind])
    assert runner.is_job(spec)
    assert not runner.is_stored(spec)


@pytest.mark.parametrize(("name", "is_job"), [("statsmodels", True), ("math", False), ("no_such_package", False)])
def test_a_plugin_that_imports_a_heavy_package_makes_a_job_of_it(workspace: Workspace, name: str, is_job: bool) -> None:
    source = f"""
    from typing import ClassVar, Literal
    from engine.core.registry import plugin
    from engine.indicators import Indicator, Output

    @plugin("mine", title="Mine")
    class Mine(Indicator):
        kind: Literal["mine"] = "mine"
        outputs: ClassVar[tuple[Output, ...]] = (Output("value"),)

        def warm_up(self):
            return 0

        def compute(self, bars):
            import {name}
    """
    workspace.write_plugin("indicators", "mine", source)
    assert runner.is_job(engine.load_spec(FEATURES | {"features": [{"kind": "mine"}]})) == is_job


def test_the_estimate_of_features_grows_with_what_is_to_be_computed() -> None:
    one, many = (FeatureSpec(features=tuple(Sma(window=n) for n in range(2, count))) for count in (3, 42))
    assert many.estimate().seconds == pytest.approx(40 * one.estimate().seconds)
    wide = FeatureSpec(market=MarketSpec(symbols=("AAPL", "NVDA", "GOOG")))
    assert wide.estimate().seconds > FeatureSpec(market=MarketSpec(symbols=("AAPL",))).estimate().seconds
    assert FeatureSpec(market=MarketSpec(symbols=("NONE",))).estimate().seconds < runner.JOB_THRESHOLD


def test_who_asks_meanwhile_waits_for_the_one_who_computes() -> None:
    memory, begun, go_on, calls = ResultCache(), threading.Event(), threading.Event(), list[int]()

    def slow() -> Any:
        calls.append(1)
        begun.set()
        assert go_on.wait(60)
        return engine.run(MarketSpec())

    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(memory.result("key", slow))) for _ in range(5)]
    threads[0].start()
    assert begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert (len(found), len(calls), len(set(map(id, found)))) == (5, 1, 1)


def test_a_failure_is_not_remembered_and_the_oldest_makes_room() -> None:
    memory, calls = ResultCache(), list[int]()

    def fails() -> Any:
        raise DataError("Not now.")

    with pytest.raises(DataError):
        memory.result("key", fails)
    for number in [*range(CAPACITY), 0, CAPACITY, 0, 1]:
        memory.result(str(number), lambda number=number: calls.append(number) or engine.run(MarketSpec()))
    assert calls == [*range(CAPACITY), CAPACITY, 1]


def test_a_run_needs_what_its_unstored_inputs_need(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = MODEL | {"model": {"kind": "mlp", "device": "cuda"}}
    model, plain = engine.load_spec(asked), engine.load_spec(BACKTEST)
    followed = engine.load_spec(BACKTEST | {"strategy": {"kind": "follow_model", "model": asked}})
    verified = engine.load_spec({"kind": "verification", "backtest": followed.model_dump()})
    assert runner.resources(plain) == runner.resources(engine.load_spec(MODEL)) == Resources()
    assert runner.resources(model) == runner.resources(followed) == runner.resources(verified) == Resources(gpus=1)
    monkeypatch.setattr(runner, "is_stored", lambda item: item == model)
    assert runner.resources(followed) == runner.resources(verified) == Resources()


@pytest.mark.parametrize(
    ("resources", "offered", "needs"),
    [
        (Resources(), {"GPU": 1, "CORES": 1}, {}),
        (Resources(gpus=1), {"GPU": 1, "CORES": 1}, {"GPU": 1}),
        (Resources(gpus=1), {}, {}),
        (Resources(gpus=4), {"GPU": 2}, {"GPU": 2}),
        (Resources(threads=2), {"CORES": 1}, {}),
        (Resources(threads=3), {"CORES": 1}, {"CORES": 1}),
        (Resources(gpus=1, threads=8), {"GPU": 1, "CORES": 1}, {"GPU": 1, "CORES": 1}),
    ],
)
def test_a_job_asks_for_what_the_cluster_has(
    resources: Resources, offered: dict[str, float], needs: dict[str, float]
) -> None:
    assert cluster._needs(resources, offered, share=2) == needs


def test_bars_and_features_load_nothing_heavy() -> None:
    code = f"""
import sys
import engine
from engine.core import libraries
engine.run(engine.load_spec({FEATURES!r}))
print(*(set(sys.modules) & libraries.HEAVY))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == ([], "")
