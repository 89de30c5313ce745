"""Processors and weights in training: learnt from training rows alone, and there wherever the model predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.core.progress import silent
from engine.core.store import decode, encode
from engine.features.processing import from_json
from engine.features.processors.impute import Impute
from engine.features.processors.zscore import ZScore
from engine.jobs import executors
from engine.market.availability import known_at
from engine.market.bars import Bars
from engine.market.sources.stored import save
from engine.models import preparation
from engine.models.dataset import from_arrays
from engine.models.fitting import train
from engine.models.kinds.linear import Linear
from engine.models.kinds.mlp import Mlp
from engine.models.label_permutation import null_scores
from engine.models.preparation import parts, prepare
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from tests.support.market import random_walk
from tests.support.workspace import Workspace

WALK = random_walk(600, 1, symbol="WALK")
PROCESSORS = [{"kind": "winsorise"}, {"kind": "zscore"}, {"kind": "rank"}]
REQUEST = {
    "market": {"collection": "made-up", "symbols": ["WALK"]},
    "features": [{"kind": "sma_distance", "window": 5}, {"kind": "rsi", "window": 2}],
    "model": {"kind": "lightgbm", "rounds": 20, "early_stopping": 5},
    "processors": PROCESSORS,
    "null_fits": 0,
}


@pytest.fixture(autouse=True)
def own_cache(workspace: Workspace) -> None:
    save(WALK)


def trained(bars: Bars = WALK, **changes: object) -> tuple[ModelSpec, ModelResult]:
    spec = ModelSpec.parse(REQUEST | changes)
    save(bars)
    market, features = preparation.prepare(spec)
    return spec, executors.compute(spec, {"market": market, "features": features}, silent)


def later_doubled(at: int) -> Bars:
    """Wilder prices from the bar ``at`` on."""
    closes = WALK.close.copy()
    closes[at:] = closes[at] * (closes[at:] / closes[at]) ** 2
    highs, lows = np.fmax(WALK.open, closes), np.fmin(WALK.open, closes)
    return replace(WALK, close=closes, adj_close=closes, high=highs, low=lows)


def test_other_test_bars_change_nothing_that_was_learnt() -> None:
    _, result = trained()
    start = int(np.searchsorted(WALK.time, np.datetime64(result.test_start)))
    _, other = trained(later_doubled(start + 1))
    assert other.test_start == result.test_start
    assert other.newest.processing == result.newest.processing
    assert other.artifact.digest == result.artifact.digest
    assert not np.array_equal(other.prediction, result.prediction)


def test_validation_rows_teach_the_processors_nothing() -> None:
    rows = from_arrays(np.arange(100.0)[:, None], np.arange(100) % 2.0)
    processing = train(Mlp(epochs=1), rows, 0, processors=(ZScore(),)).processors
    assert processing.steps[0][1]["mean"] == np.arange(80).mean()
    assert train(Linear(), rows, 0, processors=(ZScore(),)).processors.steps[0][1]["mean"] == np.arange(100).mean()


def test_what_is_predicted_is_the_processed_row() -> None:
    """Also by what is stored: from the artifact and the fitted processors alone."""
    spec, result = trained()
    _, features = preparation.prepare(spec)
    rows = from_arrays(features.values[-result.n_test :])
    stored: ModelResult = decode(encode(result), ModelResult)
    again = spec.model.predict(stored.artifact, rows.processed(stored.processors))
    np.testing.assert_array_equal(again, result.prediction)
    assert [processor.kind for processor, _ in stored.processors.steps] == ["winsorise", "zscore", "rank"]


def test_at_a_moment_it_had_predicted_what_it_predicts() -> None:
    spec, result = trained(processors=[*PROCESSORS, {"kind": "impute"}])
    history = executors.as_of(spec, result)
    for moment in known_at(WALK)[-150::40]:
        then = history(moment)
        np.testing.assert_array_equal(then.prediction, result.prediction[result.known <= moment])
    assert len(then.prediction) > 100


def test_rows_with_an_unknown_feature_are_used_once_it_is_imputed() -> None:
    closes = WALK.close.copy()
    volume = WALK.volume.copy()
    volume[[200, 300, 550]] = np.nan
    gapped = replace(WALK, volume=volume, close=closes)
    features = [{"kind": "rsi", "window": 2}, {"kind": "expression", "text": "volume / lag(volume, 1)"}]
    _, without = trained(gapped, features=features)
    _, imputed = trained(gapped, features=features, processors=[{"kind": "impute"}])
    assert imputed.n_test == without.n_test + 2
    assert np.isfinite(imputed.prediction).all()
    filled = train(Linear(), from_arrays(np.array([[np.nan], [1.0], [3]] * 10), np.arange(30) % 2.0), 0,
                   processors=(Impute(),)).fitted_on  # fmt: skip
    np.testing.assert_array_equal(filled.values[:3, 0], [2, 1, 3])


def test_null_models_are_processed_and_weighted_alike() -> None:
    spec = ModelSpec.parse(REQUEST | {"null_fits": 2})
    changes = ({"processors": ()}, {}, {"sample_weights": "uniqueness", "time_decay": 1.0})
    plain, processed, weighted = (
        null_scores(item, parts(item, *prepare(item)), silent, {}).headline
        for item in (spec.model_copy(update=change) for change in changes)
    )
    assert not np.array_equal(plain, processed)
    assert not np.array_equal(processed, weighted)


def test_weights_change_what_is_learnt() -> None:
    _, plain = trained()
    _, weighted = trained(sample_weights="uniqueness", time_decay=1.5)
    assert plain.artifact.digest != weighted.artifact.digest
    assert plain.newest.n_train == weighted.newest.n_train


def test_what_cannot_be_read_is_said() -> None:
    _, result = trained()
    assert from_json(result.newest.processing).to_json() == result.newest.processing
    with pytest.raises(DataError, match="train it again"):
        _ = replace(result.newest, processing="nothing").processors
