"""A tuning from its request to its result: the same trials each time, kept, counted, and worth what they are."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import Cancelled, DataError
from engine.core.progress import silent
from engine.core.store import decode, encode
from engine.jobs import runner
from engine.market.sources.stored import save
from engine.models.tuning import kept, objective, search
from engine.models.tuning.objective import Answer, Ask, limits
from engine.models.tuning.result import COMPLETE, FAILED, PRUNED, REPEATED, TuningResult
from engine.models.tuning.spec import TuningSpec
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.workspace import Workspace

BASE: dict[str, Any] = {
    "market": {"collection": "made-up", "symbols": ["TEST"]},
    "model": {"kind": "linear"},
    "validation": {"kind": "purged_k_fold", "n_folds": 4},
    "null_fits": 6,
}
PENALTY = {"path": "model.penalty", "low": 0.001, "high": 1000, "log": True}
DECAY = {"path": "time_decay", "low": 0, "high": 1.5}


def request(**fields: Any) -> TuningSpec:
    base = BASE | fields.pop("base", {})
    return TuningSpec.parse({"base": base, "axes": [PENALTY, DECAY], "trials": 12, "startup": 4} | fields)


def bare(result: TuningResult) -> bytes:
    """All of it but the seconds."""
    return encode(replace(result, seconds=np.zeros(len(result))))


@pytest.fixture(autouse=True)
def _bars(workspace: Workspace) -> None:
    save(random_walk(500))


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[Ask]:
    """What was asked of models, null models apart."""
    asked: list[Ask] = []
    original = objective.answer

    def heard(found: Any, ask: Ask, progress: Any) -> Answer:
        if ask.null is None:
            asked.append(ask)
        return original(found, ask, progress)

    monkeypatch.setattr(search, "answer", heard)
    return asked


class CancelledAfter:
    """Progress that is cancelled once so many trials are done."""

    def __init__(self, trials: int) -> None:
        self._trials = trials

    def __call__(self, fraction: float, message: str, partial: Any = None) -> None:
        if message.startswith(f"{self._trials:,} of"):
            raise Cancelled("The job was cancelled.")


def test_the_best_trial_is_that_of_its_model_alone() -> None:
    spec = request()
    result = engine.run(spec)
    assert len(result) == 12
    assert result.score[result.best] == result.score[result.complete].max()
    alone = engine.run(result.spec_of(result.best))
    own = [fold.scores["auc"] for fold in alone.folds]
    assert result.folds[result.best].tolist() == own
    assert result.score[result.best] == np.mean(own)
    assert len(result.null_scores) == 6
    assert decode(encode(result), TuningResult).settings(3) == result.settings(3)


def test_a_search_that_was_stopped_goes_on_to_the_same_result(answered: list[Ask]) -> None:
    spec = request()
    with pytest.raises(Cancelled):
        engine.run(spec, CancelledAfter(5))
    assert kept.count(kept.search_key(spec)) == 5
    assert ledger.count() == 5, "what was tried is counted"
    before = len(answered)
    continued = engine.run(spec)
    assert len(answered) - before == 12 - 5
    assert ledger.count() == 12
    for path in (runner.settings().cache / "checkpoints").glob("*/trials.jsonl"):
        path.unlink()
    runner.store().delete(runner.run_key(spec))
    assert bare(engine.run(spec)) == bare(continued)


def test_more_trials_reuse_the_finished_ones(answered: list[Ask]) -> None:
    first = engine.run(request(pruning=False))
    more = engine.run(request(pruning=False, trials=15))
    assert len(answered) == 15
    assert (more.values[:12] == first.values).all()
    assert (more.score[:12] == first.score).all()
    assert ledger.count() == 15, "each is counted once"


def test_a_damaged_line_of_the_kept_trials_is_computed_again() -> None:
    spec = request(trials=3)
    engine.run(spec)
    path = next((runner.settings().cache / "checkpoints").glob("*/trials.jsonl"))
    path.write_text(path.read_text()[:-40])
    assert kept.count(kept.search_key(spec)) == 2
    store = kept.KeptTrials("one")
    store.add(0, (1.0,), Answer((0.5, float("nan")), 0.1, "x"))
    again = kept.KeptTrials("one").get(0, (1.0,))
    assert again is not None
    assert (again.scores[0], again.problem) == (0.5, "x")
    assert kept.KeptTrials("one").get(0, (2.0,)) is None, "of other values"


def test_a_trial_that_falls_behind_the_median_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    falls = iter([0.5] * 5 * 4 + [0.4] + [0.6] * 4)
    monkeypatch.setattr(objective, "_score", lambda *arguments: next(falls))
    result = engine.run(request(sampler="random", trials=7, parallel=1, base={"null_fits": 0}))
    assert result.state.tolist() == [COMPLETE] * 5 + [PRUNED, COMPLETE]
    assert np.isfinite(result.folds[5]).tolist() == [True, False, False, False]
    assert result.best == 6
    assert result.counts() == {"complete": 6, "pruned": 1, "failed": 0, "repeated": 0}
    assert result.ranked()[0] == 6
    assert result.ranked()[-1] == 5


def test_a_loss_is_minimised_and_pruned_from_above(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([0.7] * 5 * 4 + [0.8] + [0.6] * 4)
    monkeypatch.setattr(objective, "_score", lambda *arguments: next(losses))
    spec = request(sampler="random", trials=7, parallel=1, metric="log_loss", base={"null_fits": 0})
    result = engine.run(spec)
    assert result.state.tolist()[5:] == [PRUNED, COMPLETE]
    assert result.best == 6
    assert result.best_so_far().tolist()[-1] == pytest.approx(0.6)


def test_limits_are_medians_of_those_that_came_so_far() -> None:
    reached = [sorted([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), sorted([0.3, 0.1, 0.2, 0.5, 0.4]), [0.3] * 4, [0.3] * 9]
    assert limits(reached) == pytest.approx((0.35, 0.3))


def test_equal_values_are_trained_once(answered: list[Ask]) -> None:
    axes = [{"path": "model.penalty", "values": [1.0, 10.0]}]
    result = engine.run(request(axes=axes, sampler="random", trials=30))
    assert len(answered) == 2
    assert len(result) < 30, "there are no others"
    repeated = result.state == REPEATED
    assert result.count == 2
    assert set(result.score[repeated]) <= set(result.score[~repeated])


def test_values_that_cannot_be_trained_are_told_and_the_search_goes_on() -> None:
    model = {"kind": "transformer", "width": 16, "heads": 2, "blocks": 1, "window": 4, "epochs": 1}
    base = BASE | {"model": model, "validation": {"kind": "chronological"}, "null_fits": 0}
    axes = [{"path": "model.heads", "values": [2, 3]}]
    result = engine.run(TuningSpec.parse({"base": base, "axes": axes, "sampler": "grid"}))
    assert result.state.tolist() == [COMPLETE, FAILED]
    assert "cannot be divided among 3 heads" in result.problems[0]
    assert "one test" in result.warnings[-1]
    assert result.count == 1


def test_where_no_trial_can_be_trained_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> float:
        raise DataError("Nothing to learn from.")

    monkeypatch.setattr(objective, "_score", fail)
    with pytest.raises(DataError, match=r"No trial could be trained.*Fold 1 of 4: Nothing to learn from"):
        engine.run(request())


def test_the_axis_that_matters_is_the_important_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def score(spec: Any, found: Any, number: int, ask: Ask) -> float:
        return -((np.log10(spec.model.penalty) - 1) ** 2) + 0.01 * spec.time_decay

    monkeypatch.setattr(objective, "_score", score)
    result = engine.run(request(trials=60, startup=10, pruning=False, base={"null_fits": 0}))
    assert result.importance[0] > 0.9
    assert result.importance.sum() == pytest.approx(1)
    assert result.settings(result.best)["model.penalty"] == pytest.approx(10, rel=0.3), "the estimator found it"
    assert result.deflated() is None


def test_the_holdout_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.datetime64] = []
    original = objective.fit_fold

    def fit(spec: Any, rows: Any) -> Any:
        seen.append(rows.time.max())
        return original(spec, rows)

    monkeypatch.setattr(objective, "fit_fold", fit)
    spec = request(trials=2, base={"holdout": 0.3, "open_holdout": True})
    result = engine.run(spec)
    opened = engine.run(result.spec_of(0).model_copy(update={"null_fits": 0}))
    assert max(seen) < np.datetime64(opened.holdout_start)


def test_estimate_counts_trials() -> None:
    few, many = request(trials=10).estimate(), request(trials=1000).estimate()
    assert 20 < many.seconds / few.seconds < 100
    assert runner.is_job(request())


def test_the_same_trials_whatever_has_ended_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that end in another order than they were sent in are told in the order of the trials."""
    spec = request(trials=10, parallel=3)
    straight = engine.run(spec)
    runner.store().delete(runner.run_key(spec))
    for path in (runner.settings().cache / "checkpoints").glob("*/trials.jsonl"):
        path.unlink()

    class Hasty:
        """A pool that computes everything as it is sent."""

        def __init__(self, function: Any) -> None:
            self._function, self._values = function, dict[int, Any]()

        def send(self, number: int, item: Any) -> None:
            self._values[number] = self._function(item, silent)

        def value(self, number: int) -> Any:
            return self._values.pop(number)

    monkeypatch.setattr(search, "pooled", contextmanager(lambda function, *_: iter([Hasty(function)])))
    assert bare(engine.run(spec)) == bare(straight)
