"""A model at each threshold: the same figures as a backtest there, and a choice that sees no test row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

import engine
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.backtest.thresholds.result import ThresholdResult
from engine.backtest.thresholds.run import compute
from engine.backtest.thresholds.spec import ThresholdSpec
from engine.core.errors import DataError, SpecError
from engine.core.progress import silent
from engine.indicators.momentum import Rsi
from engine.market import catalog
from engine.market.spec import MarketSpec
from engine.models.kinds.lightgbm import LightGbm
from engine.models.preparation import parts, prepare
from engine.models.spec import ModelSpec
from engine.models.threshold_choice import MOST, chosen, chosen_in_training, grid, measures_at
from engine.research import ledger
from engine.strategies.kinds.follow_model import FollowModel
from tests.support.workspace import Workspace

MODEL = ModelSpec(features=(Rsi(window=5),), model=LightGbm(rounds=20, early_stopping=0), null_fits=0)


@given(st.integers(0, 2**32 - 1), st.floats(-0.2, 1.2))
def test_measures_are_those_of_scikit_learn(seed: int, threshold: float) -> None:
    random = np.random.default_rng(seed)
    probability = np.round(random.uniform(size=30), 1)  # with ties
    is_class = (random.uniform(size=30) < probability).astype(np.float64)
    said = (probability >= threshold).astype(int)
    found = {
        name: float(values[0]) for name, values in measures_at(is_class, probability, np.array([threshold])).items()
    }
    assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(is_class, said), abs=1e-12)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(is_class, said))
    for name, function in (("precision", metrics.precision_score), ("recall", metrics.recall_score)):
        expected = function(is_class, said, zero_division=np.nan)
        assert found[name] == pytest.approx(expected, nan_ok=True)


@given(st.floats(0, 0.9), st.floats(0.001, 0.9))
def test_a_grid_covers_the_probabilities_with_few_thresholds(low: float, width: float) -> None:
    probability = np.linspace(low, min(low + width, 1.0), 500)
    found = grid(probability)
    assert 0 < len(found) <= MOST + 1
    assert (np.diff(found) > 0).all()
    assert ((found > 0) & (found < 1)).all()


def test_the_choice_leaves_rows_on_either_side() -> None:
    probability = np.linspace(0, 1, 100)
    is_class = (probability > 0.6).astype(np.float64)
    assert chosen(is_class, probability, np.array([0.3, 0.6, 0.7])) == 0.6
    assert chosen(is_class, probability, np.array([0.01, 0.7])) == 0.7
    assert np.isnan(chosen(is_class, probability, np.array([0.01, 0.99])))


@pytest.fixture
def spec(workspace: Workspace) -> ThresholdSpec:
    market = MODEL.market.model_dump(mode="json") | {"start": engine.run(MODEL).test_start[:10]}
    base = BacktestSpec(
        market=MarketSpec.parse(market), strategy=FollowModel(model=MODEL), costs=Costs(commission=5, slippage=3)
    )
    return ThresholdSpec(base=base)


def test_every_account_is_that_of_the_backtest_at_its_threshold(spec: ThresholdSpec) -> None:
    found: ThresholdResult = engine.run(spec)
    assert len(found.time) <= 500
    for place in (0, len(found) // 2):
        alone = engine.run(spec.at(float(found.thresholds[place])))
        at = np.searchsorted(alone.time, found.time)
        np.testing.assert_allclose(found.tried.equity[place], alone.equity[at], rtol=1e-9)
        assert found.tried.trades[place] == alone.metrics["trades"]
        assert found.tried.total_return[place] == pytest.approx(alone.metrics["total_return"])
    np.testing.assert_allclose(found.benchmark, alone.benchmark[at], rtol=1e-9)


@pytest.mark.parametrize("said", [0.0, 1.0])
def test_probabilities_that_no_threshold_divides_are_refused(spec: ThresholdSpec, said: float) -> None:
    result = engine.run(MODEL)
    certain = replace(result, prediction=np.where(np.isfinite(result.prediction), said, np.nan))
    inputs = {"market": catalog.load(spec.base.market), "model": certain}
    with pytest.raises(DataError, match="no threshold divides them"):
        compute(spec, inputs, silent)


def test_one_fold_is_called_by_its_own_threshold(spec: ThresholdSpec) -> None:
    found: ThresholdResult = engine.run(spec)
    place = found.nearest(float(found.fitted[0]))
    assert found.thresholds[place] == found.fitted[0]
    np.testing.assert_array_equal(found.by_training.equity[0], found.tried.equity[place])
    assert found.by_training.mcc[0] == pytest.approx(found.tried.mcc[place])


def test_the_ledger_counts_every_threshold(spec: ThresholdSpec) -> None:
    found: ThresholdResult = engine.run(spec)
    assert sum(trial.count for trial in ledger.trials(spec.follower.kind)) == len(found)
    assert sum(trial.count for trial in ledger.on_data(spec.base.market)) == len(found) + 1  # and the model


def test_the_training_rows_choose_without_the_test(spec: ThresholdSpec) -> None:
    found, result = parts(MODEL, *prepare(MODEL)), engine.run(MODEL)
    thresholds = np.array([0.5, 0.52, 0.54])
    own = chosen_in_training(MODEL, found, result, thresholds, silent)
    tested = np.any([fold.test for fold in found.folds], axis=0)
    other = np.where(tested, 1 - found.rows.label, found.rows.label)
    changed = replace(found, rows=replace(found.rows, label=other))
    assert own[0] == chosen_in_training(MODEL, changed, result, thresholds, silent)[0]


def test_what_follows_no_model_has_no_thresholds(spec: ThresholdSpec) -> None:
    plain = spec.base.model_dump(mode="json") | {"strategy": {"kind": "sma_cross"}}
    with pytest.raises(SpecError, match="follows no model"):
        ThresholdSpec.parse({"base": plain})
