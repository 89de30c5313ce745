"""The distilled student against scikit-learn's models, fitted by hand to what its teacher says out of fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from engine.core.errors import SpecError
from engine.labels import Task
from engine.models import MODELS, Model, TrainingStep
from engine.models.artifact import to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.extra_trees import ExtraTrees
from engine.models.kinds.gru import Gru
from engine.models.kinds.lightgbm import LightGbm
from engine.models.kinds.linear import Linear
from engine.models.kinds.student import Student, agreement, tempered
from engine.models.out_of_fold import out_of_fold
from engine.models.spec import ModelSpec

ROWS = 500
RANDOM = np.random.default_rng(0)
VALUES = RANDOM.standard_normal((ROWS, 3)) * [1, 5, 0.1] + [0, 3, 1]
NOISY = VALUES[:, 0] + 0.4 * RANDOM.standard_normal(ROWS)
TREES = LightGbm(rounds=20, early_stopping=0, learning_rate=0.2)


def rows(task: Task = "binary") -> Dataset:
    if task == "regression":
        return from_arrays(VALUES, 0.01 * NOISY, task=task, classes=())
    if task == "multiclass":
        return from_arrays(VALUES, 1.0 + (NOISY > 0.5) - (NOISY < -0.5), task=task, classes=("down", "flat", "up"))
    return from_arrays(VALUES, (NOISY > 0).astype(np.float64))


def made(teacher: Model = TREES, student: Model | None = None, **fields: Any) -> Student:
    return Student.parse({"teacher": teacher, "student": student or Linear(), **fields})


def test_a_number_is_learnt_from_what_the_teacher_predicts_out_of_fold() -> None:
    data = rows("regression")
    kept, columns = out_of_fold((TREES,), data, 4, (3,))
    own = make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(kept.values, columns[:, 0])
    model = made(folds=4)
    np.testing.assert_allclose(model.predict(model.fit(data, None, 3).artifact, data), own.predict(VALUES), rtol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_classes_are_learnt_by_their_probabilities(task: Task, temperature: float) -> None:
    """Each row is there once for each class, with its probability as weight, the log odds divided by the temperature;
    the log odds of the student are multiplied with it.
    """
    data = rows(task)
    kept, columns = out_of_fold((TREES,), data, 3, (3,))
    shares = np.column_stack([1 - columns, columns]) if task == "binary" else columns
    odds = np.log(shares) / temperature
    soft = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    count = shares.shape[1]
    scale = StandardScaler().fit(kept.values)
    own = LogisticRegression(C=1.0, max_iter=1000).fit(
        np.tile(scale.transform(kept.values), (count, 1)),
        np.repeat(np.arange(count), len(kept)),
        soft.T.ravel(),
    )
    logits = own.decision_function(scale.transform(VALUES)) * temperature
    expected = 1 / (1 + np.exp(-logits)) if task == "binary" else np.exp(logits) / np.exp(logits).sum(axis=1)[:, None]
    model = made(folds=3, temperature=temperature)
    found = model.predict(model.fit(data, None, 3).artifact, data)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert np.ptp(found) > 0.5


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_penalty_is_as_strong_as_without_a_teacher(task: Task) -> None:
    """A teacher that is sure of every label teaches what scikit-learn learns from the labels."""
    data = rows(task)
    label = data.label.astype(int)
    told = data.label if task == "binary" else np.eye(3)[label]
    taught = Linear(penalty=50).fit(made()._told(data, told, np.ones(ROWS, dtype=bool)), None, 0)
    own = LogisticRegression(C=1 / 50, max_iter=1000).fit(StandardScaler().fit_transform(VALUES), label)
    np.testing.assert_allclose(to_tensors(taught.artifact)["coefficients"], own.coef_, atol=2e-4)
    np.testing.assert_allclose(to_tensors(taught.artifact)["intercept"], own.intercept_, atol=2e-4)


def test_what_a_teacher_has_learnt_by_heart_is_not_passed_on() -> None:
    """Trees with a leaf for every row know all labels of noise; out of fold they know nothing."""
    noise = from_arrays(VALUES, np.random.default_rng(5).integers(0, 2, ROWS).astype(np.float64))
    teacher = ExtraTrees(trees=10, min_data_in_leaf=1, features_per_split=1.0)
    assert roc_auc_score(noise.label, teacher.predict(teacher.fit(noise, None, 0).artifact, noise)) > 0.99
    model = made(teacher, TREES)
    assert roc_auc_score(noise.label, model.predict(model.fit(noise, None, 0).artifact, noise)) < 0.65


def test_agreement_is_measured_on_rows_that_the_student_has_not_seen() -> None:
    model = made(Linear(), Linear(penalty=2))
    told = dict(model.about(model.fit(rows(), None, 0).artifact))
    assert told["Agreement with the teacher"].startswith("correlation 0.99")
    noise = np.random.default_rng(1)
    teacher, student = noise.random(200), noise.random(200)
    student[:3] = np.nan
    correlation, same, count = agreement("binary", teacher, student)
    assert count == 197
    assert correlation == pytest.approx(np.corrcoef(teacher[3:], student[3:])[0, 1])
    assert same == ((teacher[3:] >= 0.5) == (student[3:] >= 0.5)).mean()
    assert agreement("regression", np.ones(5), np.arange(5.0))[0] == 0.0


def test_the_teacher_is_not_kept_and_its_size_is_told() -> None:
    model = made(LightGbm(rounds=100, early_stopping=0), Linear())
    artifact = model.fit(rows(), None, 0).artifact
    own, teacher = to_tensors(artifact)["alike"][-2:]
    assert teacher > 10 * own
    assert len(artifact.content) < teacher / 10
    assert "kB, the teacher's" in dict(model.about(artifact))["Size"]


def test_a_student_reads_windows_of_which_none_spans_two_copies() -> None:
    student = Gru(window=4, epochs=3, early_stopping=2, batch_size=64)
    model = made(TREES, student, folds=2)
    seen: list[TrainingStep] = []
    fitted = model.fit(rows("multiclass"), None, 0, on_step=seen.append)
    assert model.lookback() == 4
    found = model.predict(fitted.artifact, rows("multiclass"))
    assert np.flatnonzero(np.isnan(found[:, 0])).tolist() == [0, 1, 2]
    assert [step.part.name for step in seen if step.part][-1] == student.label()
    copies = model._told(rows("multiclass"), np.full((ROWS, 3), 1 / 3), np.ones(ROWS, dtype=bool))
    assert len(copies.windows(4)) == 3 * (ROWS - 3)


def test_shares_to_a_power() -> None:
    share = np.array([[0.1, 0.9], [np.nan, np.nan], [0.0, 1.0]])
    np.testing.assert_allclose(tempered(share, 2)[0], [0.01 / 0.82, 0.81 / 0.82])
    assert np.isnan(tempered(share, 2)[1]).all()
    np.testing.assert_allclose(tempered(tempered(share, 0.25), 4)[0], share[0])
    assert np.isfinite(tempered(share, 20)[2]).all()


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"teacher": {"kind": "student"}}, "teacher", "neither teaches a student"),
        ({"student": {"kind": "student"}}, "student", "neither teaches a student"),
        ({"student": {"kind": "ensemble"}}, "student", "not made of others"),
        ({"temperature": 0}, "temperature", "at least 0.1"),
        ({"teacher": {"kind": "svm", "cost": -1}}, "teacher.cost", "above 0"),
    ],
)
def test_what_cannot_teach_or_learn_is_said_at_its_field(fields: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(SpecError) as error:
        Student.parse(fields)
    assert words in dict(error.value.problems).get(path, ""), error.value.problems


def test_a_nest_of_students_and_ensembles_is_refused_at_once() -> None:
    nest: dict[str, Any] = {"kind": "linear"}
    for _ in range(500):
        nest = {"kind": "ensemble", "members": [{"kind": "student", "teacher": nest}, {"kind": "linear"}]}
    with pytest.raises(SpecError, match="not made of others"):
        ModelSpec.parse({"model": nest})
    assert MODELS.parse({"kind": "student", "teacher": {"kind": "ensemble"}}).refusal("binary") == ""


def test_an_estimate_counts_every_teacher() -> None:
    few, many = made(folds=2), made(folds=8)
    assert many.seconds(10_000, 8) > 2 * few.seconds(10_000, 8)
    target = {"kind": "forward_return_value"}
    with pytest.raises(SpecError, match="vote on classes"):
        ModelSpec.parse(
            {"target": target, "model": {"kind": "student", "teacher": {"kind": "ensemble", "combine": "vote"}}}
        )
