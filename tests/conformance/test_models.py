"""The contract of a model, kept by every one that is found, for each task that it can do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from engine.core.errors import Cancelled, DataError
from engine.core.spec import canonical_json
from engine.labels import Task
from engine.models import MODELS, Fitted, Model, TrainingStep
from engine.models.artifact import LIGHTGBM_TEXT, MEDIA_TYPES, ONNX, Artifact
from engine.models.dataset import Dataset, from_arrays
from engine.models.scores import is_predicted, rank_correlation

ROWS = 1200
CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("down", "up"),
    "multiclass": ("down", "flat", "up"),
    "regression": (),
}
CASES = [(cls, task) for cls, task in product(MODELS.available().values(), CLASSES) if task in cls.tasks]
LEARNING = [case for case in CASES if case[0].learns]


SMALL = {
    "window": 5, "epochs": 6, "batch_size": 64, "learning_rate": 0.03,
    "units": (16,), "channels": (8, 8), "width": 16, "feed_forward": 32, "heads": 2, "blocks": 1,
}  # fmt: skip
"""What is asked of a model that reads windows, so that the tests are quick."""


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].__name__}-{case[1]}")
def case(request: pytest.FixtureRequest) -> tuple[Model, Task]:
    cls, task = request.param
    if missing := cls().missing():
        pytest.skip(missing)
    if cls().lookback() == 1:
        return cls(), task
    return cls.parse({name: value for name, value in SMALL.items() if name in cls.model_fields}), task


@pytest.fixture
def model(case: tuple[Model, Task]) -> Model:
    return case[0]


@pytest.fixture
def task(case: tuple[Model, Task]) -> Task:
    return case[1]


def sample(task: Task, seed: int, rows: int = ROWS) -> Dataset:
    """Three features, of which the first decides the label but for some noise."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 3))
    outcome = values[:, 0] + 0.3 * random.normal(size=rows)
    if task == "binary":
        outcome = (outcome > 0).astype(np.float64)
    elif task == "multiclass":
        outcome = 1.0 + (outcome > 0.4) - (outcome < -0.4)
    else:
        outcome = 0.01 * outcome + 0.002
    return from_arrays(values, outcome, task=task, classes=CLASSES[task])


@cache
def fit(model: Model, task: Task) -> Fitted:
    return model.fit(sample(task, 1), later(model, task), 0)


@cache
def watched(model: Model, task: Task) -> tuple[Fitted, tuple[TrainingStep, ...]]:
    """The same once more, with each step told."""
    seen: list[TrainingStep] = []
    fitted = model.fit(sample(task, 1), later(model, task), 0, on_step=seen.append)
    return fitted, tuple(seen)


def later(model: Model, task: Task) -> Dataset | None:
    return sample(task, 2, 300) if model.wants_validation() else None


def score(data: Dataset, prediction: np.ndarray) -> float:
    """From 0.5 (nothing) to 1, of an independent library for classes, of the rows that are predicted."""
    known = is_predicted(prediction)
    data, prediction = data.where(known), prediction[known]
    if data.task == "regression":
        return 0.5 + rank_correlation(data.label, prediction) / 2
    if data.task == "binary":
        return float(roc_auc_score(data.label, prediction))
    return float(roc_auc_score(data.label, prediction, multi_class="ovr"))


def test_it_learns_what_can_be_learnt(model: Model, task: Task) -> None:
    test = sample(task, 3)
    assert score(test, model.predict(fit(model, task).artifact, test)) > 0.93


@pytest.mark.parametrize("case", LEARNING, indirect=True, ids=lambda case: f"{case[0].__name__}-{case[1]}")
def test_rows_of_little_weight_are_hardly_learnt_from(model: Model, task: Task) -> None:
    """Every other row says the contrary of the truth. A number is then off by its level too, whatever its order."""
    rows, test = sample(task, 1), sample(task, 3)
    lie, highest = np.arange(ROWS) % 2 == 1, rows.label.max()
    mixed = replace(rows, label=np.where(lie, highest - rows.label, rows.label))
    weighted = replace(mixed, weight=np.where(lie, 1e-3, 2 - 1e-3))
    some = mixed.where(np.arange(ROWS) < 400)
    truly, wrongly = (model.predict(model.fit(data, later(model, task), 0).artifact, test) for data in (weighted, some))
    if task == "regression":
        known = is_predicted(truly)
        assert r2_score(test.label[known], truly[known]) > 0.75
        assert r2_score(test.label[known], wrongly[known]) < 0
        return
    assert score(test, truly) > 0.9
    assert score(test, wrongly) < 0.87


@pytest.mark.parametrize("case", [case for case in CASES if case not in LEARNING], indirect=True)
def test_what_does_not_learn_predicts_the_same_whatever_it_is_trained_on(model: Model, task: Task) -> None:
    test = sample(task, 3)
    one, other = (model.predict(model.fit(sample(task, seed), None, seed).artifact, test) for seed in (1, 2))
    np.testing.assert_array_equal(one, other)


def test_equal_weights_change_nothing(model: Model, task: Task) -> None:
    rows, test = sample(task, 1), sample(task, 3)
    equal = model.predict(model.fit(replace(rows, weight=np.ones(ROWS)), later(model, task), 0).artifact, test)
    np.testing.assert_allclose(equal, model.predict(fit(model, task).artifact, test), atol=0.02)


def test_predictions_are_those_of_the_task(model: Model, task: Task) -> None:
    prediction = model.predict(fit(model, task).artifact, sample(task, 3))
    assert prediction.dtype == np.float64
    assert prediction.shape == ((ROWS, 3) if task == "multiclass" else (ROWS,))
    missing = model.lookback() - 1
    assert is_predicted(prediction).tolist() == [False] * missing + [True] * (ROWS - missing)
    prediction = prediction[missing:]
    if task != "regression":
        assert ((prediction >= 0) & (prediction <= 1)).all()
    if task == "multiclass":
        np.testing.assert_allclose(prediction.sum(axis=1), 1)


@pytest.mark.parametrize(
    "case", [case for case in LEARNING if case[1] == "regression"], indirect=True, ids=lambda case: case[0].__name__
)
def test_a_number_is_predicted_in_its_own_unit(model: Model, task: Task) -> None:
    test = sample(task, 3)
    prediction = model.predict(fit(model, task).artifact, test)[model.lookback() - 1 :]
    assert prediction.mean() == pytest.approx(test.label.mean(), abs=0.001)
    assert 0.5 < prediction.std() / test.label.std() < 1.2


def test_an_unknown_label_is_predicted_like_a_known_one(model: Model, task: Task) -> None:
    artifact, test = fit(model, task).artifact, sample(task, 3)
    unknown = replace(test, label=np.full(ROWS, np.nan))
    np.testing.assert_array_equal(model.predict(artifact, unknown), model.predict(artifact, test))


def test_a_row_is_predicted_by_itself(model: Model, task: Task) -> None:
    artifact, test = fit(model, task).artifact, sample(task, 3)
    together, some = model.predict(artifact, test), (np.arange(ROWS) >= 100) & (np.arange(ROWS) < 110)
    alone, missing = model.predict(artifact, test.where(some)), model.lookback() - 1
    np.testing.assert_allclose(alone[missing:], together[some][missing:], rtol=1e-5, atol=1e-9)


def test_future_rows_do_not_matter(model: Model, task: Task) -> None:
    """A row is predicted the same, to the bit, whatever comes after it."""
    artifact, test = fit(model, task).artifact, sample(task, 3)
    whole = model.predict(artifact, test)
    for count in (1, 40, 777):
        earlier = test.where(np.arange(ROWS) < count)
        np.testing.assert_array_equal(model.predict(artifact, earlier), whole[:count])


def test_the_same_request_gives_the_same_bytes(model: Model, task: Task) -> None:
    assert model.reproducibility("cpu") == "bit-identical"
    assert fit(model, task).artifact.digest == watched(model, task)[0].artifact.digest


def test_the_artifact_is_everything_that_a_prediction_needs(model: Model, task: Task) -> None:
    """Bytes of a known format, read by another instance, predict the same bits."""
    artifact, test = fit(model, task).artifact, sample(task, 3)
    assert artifact.media_type in MEDIA_TYPES
    again = Artifact(artifact.media_type, bytes(bytearray(artifact.content)))
    other = MODELS.parse(model.model_dump(mode="json"))
    np.testing.assert_array_equal(other.predict(again, test), model.predict(artifact, test))


def test_another_format_is_refused_in_a_sentence(model: Model, task: Task) -> None:
    kept = fit(model, task).artifact.media_type
    other = ONNX if kept != ONNX else LIGHTGBM_TEXT
    with pytest.raises(DataError, match="is needed here: train it again"):
        model.predict(Artifact(other, {ONNX: b"\x08", LIGHTGBM_TEXT: b"tree\n"}[other]), sample(task, 3))


def test_windows_never_cross(model: Model, task: Task) -> None:
    """Two symbols, and two stretches with a gap between, are predicted as each would be alone; rows without a whole
    window are not.
    """
    if "window" not in type(model).model_fields:
        assert model.lookback() == 1
        return
    longer = model if model.lookback() > 1 else model.model_copy(update={"window": 5})
    artifact, test = fit(longer, task).artifact, sample(task, 3, 60)
    number = np.arange(60)
    symbols = replace(test, symbol=(number >= 30).astype(np.int32))
    kept = number != 29  # one row is missing
    for data, parts in ((symbols, (number < 30, number >= 30)), (test.where(kept), (number < 29, number > 29))):
        together = longer.predict(artifact, data)
        alone = [longer.predict(artifact, test.where(part)) for part in parts]
        np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-5)
        whole = np.isfinite(together.reshape(len(together), -1)).all(axis=1)
        assert np.flatnonzero(~whole).tolist() == [*range(4), *range(int(parts[0].sum()), int(parts[0].sum()) + 4)]


def test_being_watched_changes_nothing(model: Model, task: Task) -> None:
    fitted, seen = watched(model, task)
    assert fitted.artifact.digest == fit(model, task).artifact.digest
    if not model.step:
        assert all(step.part is not None for step in seen)  # those of the models that it is made of
        assert fitted.best_step is None
        assert not len(fitted.train_loss) + len(fitted.validation_loss)
        return
    assert fitted.best_step is not None
    assert [step.done for step in seen] == list(range(1, len(seen) + 1))
    assert all(step.done <= step.total for step in seen)
    assert [step.train_loss for step in seen] == fitted.train_loss.tolist()
    if model.wants_validation():
        assert [step.validation_loss for step in seen] == fitted.validation_loss.tolist()
    assert 1 <= fitted.best_step <= len(seen)
    assert fitted.train_loss[-1] < fitted.train_loss[0]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case[0].step], indirect=True, ids=lambda case: f"{case[0].__name__}-{case[1]}"
)
def test_a_cancelled_training_ends(model: Model, task: Task) -> None:
    def stop(step: TrainingStep) -> None:
        if step.done == 3:
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        model.fit(sample(task, 1), later(model, task), 0, on_step=stop)


def test_importance_finds_the_feature_that_matters(model: Model, task: Task) -> None:
    importance = fit(model, task).importance
    if not model.importance_of:
        assert not len(importance)
        return
    assert importance.shape == (3,)
    assert (importance >= 0).all()
    assert importance.argmax() == 0


def test_it_says_how_long_it_takes(model: Model) -> None:
    assert 0 < model.seconds(1000, 2) < model.seconds(100_000, 20)


def test_it_survives_json(model: Model) -> None:
    again = MODELS.parse(model.model_dump(mode="json"))
    assert again == model
    assert canonical_json(again) == canonical_json(model)
