"""The shelf: what of every kind is listed, with which verdict, and what a list of thousands costs."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.database import connect
from engine.core.spec import canonical_json, kind_name
from engine.features.sets import versions
from engine.features.spec import FeatureSpec
from engine.jobs import library
from engine.market.sources.stored import save
from engine.models.spec import ModelSpec
from engine.research import evidence, previews, shelf
from engine.research.shelf import Entry, Wanted
from engine.research.sweep_overfitting.spec import OverfittingSpec
from tests.support.market import random_walk
from tests.support.workspace import Workspace

MANY = 2_000


def spec(fast: int = 3) -> BacktestSpec:
    return BacktestSpec.parse(
        {
            "market": {"collection": "made-up", "symbols": ["TEST"]},
            "strategy": {"kind": "sma_cross", "fast": fast, "slow": 20},
            "costs": {"commission": 5, "slippage": 3},
        }
    )


@pytest.fixture(autouse=True)
def bars(workspace: Workspace) -> None:
    save(random_walk(400))


def judged() -> list[Entry]:
    shelf.refresh(shelf.waiting(shelf.every()), seconds=60)
    return shelf.every()


def record(kind: str, text: str, summary: object, number: int = 0) -> str:
    """A run in the record alone, as one whose result was dropped."""
    key = f"{number:064x}"
    with connect() as database:
        database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, 0)", (key, kind, f"Run {number}", text, 1e9 + number))
        database.execute("INSERT INTO run_summaries VALUES (?, ?)", (key, json.dumps(summary)))
        database.execute("INSERT INTO run_results VALUES (?, 0, 0)", (key,))
    return key


def test_a_backtest_has_its_curve_and_the_verdict_that_its_page_shows() -> None:
    result = engine.run(spec())
    (waiting,) = shelf.every()
    assert waiting.preview is None
    (entry,) = judged()
    now = evidence.verdict(spec(), result)
    assert (entry.seen.headline, entry.seen.grade) == (now.headline.rstrip("."), previews.worst(now))
    assert (entry.symbols, entry.place) == (("TEST",), "made-up, 1d")
    assert len(entry.seen.own) == len(entry.seen.held) == previews.POINTS
    assert {min(entry.seen.own + entry.seen.held), max(entry.seen.own + entry.seen.held)} == {0, previews.HEIGHT}


def test_curves_are_on_one_logarithmic_scale() -> None:
    own, held = previews.curves(np.geomspace(1, 10, 500), np.geomspace(1, 100, 500))
    assert (own[0], held[0], own[-1], held[-1]) == (0, 0, previews.HEIGHT // 2, previews.HEIGHT)
    flat, ruined = previews.curves(np.ones(3), np.array([1.0, 1.0, 0.0]))
    assert set(flat) == {previews.HEIGHT}
    assert ruined[-1] == 0


def test_a_verdict_is_made_again_when_the_trials_have_grown() -> None:
    engine.run(spec(3))
    judged()
    assert shelf.waiting(shelf.every()) == []
    engine.run(spec(4))
    assert len(shelf.waiting(shelf.every())) == 2
    judged()
    assert shelf.waiting(shelf.every()) == []


def test_every_kind_is_listed_the_newest_first_and_the_pinned_before() -> None:
    base = spec()
    sweep = SweepSpec.parse({"base": base, "axes": [{"path": "strategy.fast", "values": [3, 4]}]})
    walk = WalkForwardSpec.parse({"base": base, "axes": [{"path": "strategy.fast", "values": [3, 4]}]})
    first = record(kind_name(SweepSpec), canonical_json(sweep), {"combinations": 2, "best": [{"sharpe": 1.5}]}, 1)
    record(kind_name(WalkForwardSpec), canonical_json(walk), {"windows": 8, "profitable": 7}, 2)
    versions.save("mine", FeatureSpec().features)
    library.pin(first, True)
    assert [entry.kind for entry in shelf.every()] == ["sweep", "feature_set", "walk_forward"]
    assert {entry.symbols for entry in shelf.every()} == {("TEST",), ()}
    library.delete(first)
    assert [entry.kind for entry in shelf.every()] == ["feature_set", "walk_forward"]


@pytest.mark.parametrize(("chance", "grade"), [(0.1, "good"), (0.3, "doubtful"), (0.65, "bad")])
def test_a_sweep_has_the_verdict_of_its_overfitting_test(chance: float, grade: str) -> None:
    sweep = SweepSpec.parse({"base": spec(), "axes": [{"path": "strategy.fast", "values": [3, 4]}]})
    record(kind_name(SweepSpec), canonical_json(sweep), {}, 1)
    assert shelf.every()[0].grade == ""
    test = OverfittingSpec(sweep=sweep)
    record(kind_name(OverfittingSpec), canonical_json(test), {"probability of overfitting": chance}, 2)
    (entry,) = shelf.every()
    assert (entry.grade, entry.seen.headline) == (grade, f"{chance:.0%} overfitting")


@pytest.mark.parametrize(("score", "grade"), [(0.56, "good"), (0.54, "bad"), (None, "")])
def test_a_model_has_the_verdict_of_its_null_models(score: float | None, grade: str) -> None:
    summary = {"task": "binary", "scores": {"auc": score}, "null_band": [0.45, 0.55]}
    record(kind_name(ModelSpec), canonical_json(ModelSpec()), summary, 1)
    assert shelf.every()[0].grade == grade


def test_filters_hold_together() -> None:
    entry = Entry("k", "sweep", "SMA cross", 0.0, symbols=("AAPL", "META"), place="sample, 1d", tags="best")
    assert Wanted().holds(entry)
    assert Wanted(kind="sweep", grade="none", symbol="AAPL", text="sma BEST").holds(entry)
    for other in (Wanted(kind="model"), Wanted(grade="good"), Wanted(symbol="MSFT"), Wanted(text="sma rsi")):
        assert not other.holds(entry)


def test_a_broken_preview_is_made_again() -> None:
    engine.run(spec())
    judged()
    with connect() as database:
        database.execute("UPDATE run_previews SET preview = '{\"own\": 1}'")
    assert len(shelf.waiting(shelf.every())) == 1
    assert judged()[0].preview


def test_thousands_are_listed_without_reading_a_request_or_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(spec())
    summary, text = library.saved("backtest")[0].summary, canonical_json(spec())
    for number in range(MANY):
        record("backtest", text, dict(summary), number)
    monkeypatch.setattr("engine.jobs.runner.find_run", None)
    monkeypatch.setattr("engine.jobs.runner.store", None)
    began = time.process_time()
    assert len(shelf.every()) == MANY + 1
    assert time.process_time() - began < 10.0  # 0.15 s on a quiet core
