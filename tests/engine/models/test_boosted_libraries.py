"""XGBoost and CatBoost against their own libraries, asked by hand: the same trees, losses and importance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError, DeviceError
from engine.core.progress import cancellable
from engine.labels import Task
from engine.models import MODELS, Model, call_model
from engine.models.artifact import SAFETENSORS, to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.catboost import CatBoost
from engine.models.kinds.ensemble import Ensemble
from engine.models.kinds.hist_boosting import HistBoosting
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.xgboost import XgBoost

TASKS: dict[Task, tuple[str, ...]] = {"binary": ("down", "up"), "multiclass": ("a", "b", "c"), "regression": ()}
LOSSES = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}
BOTH = (XgBoost(rounds=200, early_stopping=10, learning_rate=0.2), CatBoost(rounds=200, early_stopping=10))


def data(task: Task, rows: int = 400, seed: int = 0) -> Dataset:
    """Prices near 100,000 in hundredths: in float32 many are the same, or lie on a threshold."""
    random = np.random.default_rng(seed)
    values = np.round(100_000 + random.standard_normal((rows, 3)), 2)
    outcome = values[:, 0] - 100_000 + random.standard_normal(rows)
    label = {"binary": outcome > 0, "multiclass": 1.0 + (outcome > 0.5) - (outcome < -0.5), "regression": outcome}[task]
    found = from_arrays(values, np.asarray(label, dtype=np.float64), task=task, classes=TASKS[task])
    weight = random.random(rows) + 0.5
    return replace(found, weight=weight / weight.mean())


def predicted(model: Model, train: Dataset, test: Dataset) -> np.ndarray:
    return model.predict(model.fit(train, None, 7).artifact, test)


@pytest.mark.parametrize("task", TASKS)
def test_xgboost_predicts_what_the_library_does(task: Task) -> None:
    xgboost = pytest.importorskip("xgboost")
    train, test = data(task), data(task, 300, 1)
    made = {"binary": xgboost.XGBClassifier, "multiclass": xgboost.XGBClassifier, "regression": xgboost.XGBRegressor}
    model = XgBoost(rounds=20, early_stopping=0, row_share=0.7, feature_share=0.7)
    own = made[task](
        n_estimators=20, learning_rate=0.05, max_depth=3, min_child_weight=10, reg_lambda=1, subsample=0.7,
        colsample_bytree=0.7, tree_method="hist", n_jobs=1, random_state=7,
    )  # fmt: skip
    own.fit(train.values, train.label, sample_weight=train.weight)
    expected = own.predict(test.values) if task == "regression" else own.predict_proba(test.values)
    found = predicted(model, train, test)
    np.testing.assert_allclose(found, expected[:, 1] if task == "binary" else expected, rtol=2e-6, atol=1e-6)
    assert found.std() > 0.01
    gain = np.array(model.fit(train, None, 7).importance)
    np.testing.assert_allclose(gain / gain.sum(), own_share(own), rtol=1e-5)


def own_share(estimator: Any) -> np.ndarray:
    found = estimator.get_booster().get_score(importance_type="total_gain")
    gain = np.array([found.get(f"f{number}", 0.0) for number in range(3)])
    return gain / gain.sum()


@pytest.mark.parametrize("task", TASKS)
def test_catboost_predicts_what_the_library_does(task: Task) -> None:
    catboost = pytest.importorskip("catboost")
    train, test = data(task), data(task, 300, 1)
    made = catboost.CatBoostRegressor if task == "regression" else catboost.CatBoostClassifier
    own = made(
        iterations=20, learning_rate=0.05, depth=4, l2_leaf_reg=3, random_strength=1, boosting_type="Plain",
        random_seed=7, thread_count=1, allow_writing_files=False, logging_level="Silent", loss_function=LOSSES[task],
    )  # fmt: skip
    own.fit(train.values, train.label, sample_weight=train.weight)
    expected = own.predict(test.values) if task == "regression" else own.predict_proba(test.values)
    model = CatBoost(rounds=20, early_stopping=0)
    found = predicted(model, train, test)
    np.testing.assert_allclose(found, expected[:, 1] if task == "binary" else expected, rtol=1e-12, atol=1e-12)
    assert found.std() > 0.01
    np.testing.assert_allclose(model.fit(train, None, 7).importance, own.get_feature_importance(), atol=1e-9)


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
@pytest.mark.parametrize("task", TASKS)
def test_early_stopping_keeps_the_rounds_up_to_the_lowest_loss(model: Model, task: Task) -> None:
    """A loss is the mean log loss, or the mean squared error, of the trees up to there."""
    from sklearn.metrics import log_loss, mean_squared_error

    require(model)
    train, later = data(task), replace(data(task, 200, 1), weight=None)
    fitted = model.fit(train, later, 0)
    assert len(fitted.validation_loss) == fitted.best_step + 10
    assert fitted.best_step == fitted.validation_loss.argmin() + 1
    measure = mean_squared_error if task == "regression" else log_loss
    loss = measure(later.label, model.predict(fitted.artifact, later))
    assert fitted.validation_loss.min() == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_without_it_every_round_is_kept(model: Model) -> None:
    require(model)
    every = type(model).parse({**model.model_dump(), "rounds": 12, "early_stopping": 0})
    assert not every.wants_validation()
    fitted = every.fit(data("binary"), None, 0, on_step=lambda step: None)
    assert fitted.best_step == len(fitted.train_loss) == 12
    assert not len(fitted.validation_loss)


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_a_model_is_kept_as_arrays_that_are_read_without_its_library(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(model)
    train = data("binary")
    fitted = model.fit(train, train, 0)
    assert fitted.artifact.media_type == SAFETENSORS
    assert "threshold" in to_tensors(fitted.artifact)
    found = model.predict(fitted.artifact, train)
    without(monkeypatch, model)
    np.testing.assert_array_equal(model.predict(fitted.artifact, train), found)


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_a_library_that_is_not_installed_is_told_before_the_training(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, model)
    words = f"is not installed here: pip install 'stratoscope\\[{model.kind}\\]'"
    committee = Ensemble.parse({"members": [{"kind": "linear"}, model.model_dump()]})
    for asked in (model, committee):
        with pytest.raises(DeviceError, match=words):
            call_model.fit(asked, data("binary"), data("binary"), 0, None)
    assert model.kind in MODELS.lacking()
    assert "linear" not in MODELS.lacking()


@pytest.mark.parametrize("model", [*BOTH, LightGbm(), HistBoosting()], ids=lambda model: model.kind)
def test_a_cancelled_job_ends_where_nobody_watches_the_training(model: Model) -> None:
    require(model)
    asked = iter(range(1000))

    def check() -> None:
        if next(asked) == 3:
            raise Cancelled("The job was cancelled.")

    with cancellable(check), pytest.raises(Cancelled):
        model.fit(data("binary"), data("binary"), 0)
    assert next(asked) == 4


def test_features_that_tell_nothing_are_said() -> None:
    require(CatBoost())
    train = data("binary")
    with pytest.raises(DataError, match="Every feature is constant"):
        CatBoost().fit(replace(train, matrix=np.ones_like(train.matrix)), None, 0)


def require(model: Model) -> None:
    if text := model.missing():
        pytest.skip(text)


def without(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    """Let the library of ``model`` be none that Python finds."""
    import importlib.util
    import sys

    import engine.models

    found = importlib.util.find_spec
    absent = type(model).needs

    def none_of_these(name: str, package: str | None = None) -> Any:
        return None if name in absent else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", none_of_these)
    monkeypatch.setattr(engine.models, "find_spec", none_of_these)
    for name in absent:
        monkeypatch.setitem(sys.modules, name, None)
