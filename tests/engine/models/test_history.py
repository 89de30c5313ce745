"""A model at a moment knows what was known then, and nothing if it has learnt from later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from engine.core.progress import silent
from engine.features import Features
from engine.features.matrix import FeatureMatrix, matrix
from engine.jobs import executors
from engine.market.availability import known_at
from engine.market.bars import Bars, Market
from engine.market.sources.stored import save
from engine.models import history, preparation
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from engine.models.splits import Split
from engine.models.splits.fold import Fold, Timeline
from tests.support.market import days, random_walk

QUICK = {"kind": "lightgbm", "rounds": 20, "early_stopping": 0}
ONE = random_walk(600, 1, symbol="ONE")
TWO = random_walk(300, 2, symbol="TWO", time=days(300, "2020-11-01"), timezone="Asia/Tokyo")


@pytest.fixture
def spec(workspace: object) -> ModelSpec:
    save(ONE)
    save(TWO)
    market = {"collection": "made-up", "symbols": ["ONE", "TWO"]}
    features = [{"kind": "sma_distance", "window": 5}, {"kind": "rsi", "window": 2}]
    return ModelSpec.parse({"market": market, "features": features, "model": QUICK, "null_fits": 0, "embargo": 3})


def trained(spec: ModelSpec) -> ModelResult:
    market, features = preparation.prepare(spec)
    return executors.compute(spec, {"market": market, "features": features}, silent)


def at(spec: ModelSpec, result: ModelResult) -> Callable[[np.datetime64], ModelResult]:
    return executors.as_of(spec, result)


def ends(*bars: Bars) -> Iterator[np.datetime64]:
    return iter(np.unique(np.concatenate([known_at(item) for item in bars]))[::37])


def test_every_prediction_is_there_from_the_end_of_its_bar_on(spec: ModelSpec) -> None:
    result = trained(spec)
    history = at(spec, result)
    np.testing.assert_array_equal(result.known[result.symbol == 0], known_at(ONE)[-(result.symbol == 0).sum() :])
    np.testing.assert_array_equal(result.known[result.symbol == 1], known_at(TWO)[-(result.symbol == 1).sum() :])
    for moment in ends(ONE, TWO):
        then, rows = history(moment), result.known <= moment
        for name in ("time", "known", "symbol", "prediction"):
            np.testing.assert_array_equal(getattr(then, name), getattr(result, name)[rows])
        assert then.artifact.digest == result.artifact.digest


def test_outcomes_and_scores_of_later_are_not_known(spec: ModelSpec) -> None:
    result = trained(spec)
    then = at(spec, result)(known_at(ONE)[-40])
    assert np.isnan(then.outcome[then.symbol == 0][-5:]).all()
    known = np.isfinite(then.outcome)
    assert known.any()
    assert then.n_scored == known.sum() < result.n_scored
    np.testing.assert_array_equal(then.outcome[known], result.outcome[result.known <= known_at(ONE)[-40]][known])
    assert all(np.isnan(value) for value in then.scores.values())
    assert set(then.scores) == set(result.scores)


def test_a_model_that_learnt_from_its_test_has_predicted_nothing(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_of_it(split: Split, rows: Timeline) -> tuple[Fold, ...]:
        (fold,) = split.folds(rows)
        return (replace(fold, train=~np.isnat(rows.end)),)

    monkeypatch.setattr(preparation.call_split, "folds", all_of_it)
    result = trained(spec)
    assert not len(at(spec, result)(np.datetime64("2100-01-01")).time)


def test_a_model_whose_features_know_more_has_predicted_nothing(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaking(features: Features, market: Market, **more: object) -> FeatureMatrix:
        honest = matrix(features, market)
        return replace(honest, values=honest.values - honest.values[-1])

    result = trained(spec)
    monkeypatch.setattr(history, "matrix", leaking)
    assert not len(at(spec, result)(np.datetime64("2100-01-01")).time)
