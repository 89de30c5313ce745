"""Scores against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn import metrics

from engine.labels import Task
from engine.models import ranking
from engine.models.scores import (
    HEADLINE,
    SCORES,
    Scored,
    auc,
    constant,
    headline,
    log_loss,
    mean_auc,
    out_of_sample,
    weighted,
)

cases = some.lists(
    some.tuples(some.booleans(), some.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])), min_size=2, max_size=60
).filter(lambda rows: len({row[0] for row in rows}) == 2)


def scored(
    task: Task, label: np.ndarray, prediction: np.ndarray, train: np.ndarray, returns: np.ndarray | None = None
) -> Scored:
    classes = prediction.shape[1] if prediction.ndim == 2 else 2
    base = constant(task, train, classes, len(label))
    return Scored(task, label, prediction, base, np.full(len(label), np.nan) if returns is None else returns)


def columns(rows: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row[0] for row in rows], dtype=np.float64), np.array([row[1] for row in rows])


@given(cases)
def test_auc_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    label, probability = columns(rows)
    assert auc(label, probability) == pytest.approx(metrics.roc_auc_score(label, probability), abs=1e-12)


@given(cases)
def test_log_loss_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    label, probability = columns(rows)
    assert log_loss(label, probability) == pytest.approx(metrics.log_loss(label, probability), rel=1e-9)


def test_auc_by_hand() -> None:
    label, probability = np.array([0, 0, 1, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])
    assert auc(label, probability) == 0.75
    assert auc(label, np.full(4, 0.3)) == 0.5
    assert math.isnan(auc(np.ones(4), probability))


def test_every_score_of_two_classes_is_defined() -> None:
    label, probability = np.array([0, 1, 1, 1.0]), np.array([0.5, 0.5, 0.2, 0.9])
    scores = out_of_sample(scored("binary", label, probability, np.array([1, 1, 1, 0, 0.0])))
    assert set(scores) == set(SCORES["binary"]) - {"train_auc"}
    assert scores["accuracy"] == 0.5  # one half means a rise
    assert scores["base_rate"] == 0.75
    assert scores["base_log_loss"] == pytest.approx(-(3 * math.log(0.6) + math.log(0.4)) / 4)


three = arrays(np.float64, (30, 3), elements=some.floats(0.01, 1)).map(lambda rows: rows / rows.sum(axis=1)[:, None])


@given(three, some.permutations([0.0, 1.0, 2.0] * 10))
def test_scores_of_three_classes_are_those_of_scikit_learn(probability: np.ndarray, labels: list[float]) -> None:
    label, train = np.array(labels), np.array([0, 0, 1, 2.0])
    scores = out_of_sample(scored("multiclass", label, probability, train))
    assert set(scores) == set(SCORES["multiclass"]) - {"train_auc"}
    assert scores["auc"] == pytest.approx(metrics.roc_auc_score(label, probability, multi_class="ovr"), abs=1e-12)
    assert scores["log_loss"] == pytest.approx(metrics.log_loss(label, probability), rel=1e-9)
    assert scores["accuracy"] == metrics.accuracy_score(label, probability.argmax(axis=1))
    base = np.tile([0.5, 0.25, 0.25], (30, 1))
    assert scores["base_log_loss"] == pytest.approx(metrics.log_loss(label, base), rel=1e-9)
    assert scores["base_rate"] == pytest.approx(1 / 3)


def test_a_class_that_does_not_occur_has_no_part_in_the_mean() -> None:
    label, probability = np.array([0, 0, 2, 2.0]), np.array([[0.7, 0.2, 0.1], [0.2, 0.2, 0.6]] * 2)
    own = [auc((label == number).astype(float), probability[:, number]) for number in (0, 2)]
    assert mean_auc(label, probability) == np.mean(own)
    assert math.isnan(mean_auc(np.zeros(4), probability))


numbers = arrays(
    np.float64, (2, 25), elements=some.sampled_from([-0.2, -0.05, 0.0, 0.01, 0.03, 0.1]) | some.floats(-1, 1)
)


@given(numbers.filter(lambda pair: min(np.std(pair, axis=1)) > 1e-6))
def test_scores_of_a_number_are_those_of_scipy_and_scikit_learn(pair: np.ndarray) -> None:
    label, prediction = pair
    scores = out_of_sample(scored("regression", label, prediction, np.array([0.0, 0.1])))
    assert set(scores) == set(SCORES["regression"]) - {"train_rank_ic"}
    assert scores["ic"] == pytest.approx(stats.pearsonr(label, prediction).statistic, abs=1e-9)
    assert scores["rank_ic"] == pytest.approx(stats.spearmanr(label, prediction).statistic, abs=1e-9)
    assert scores["rmse"] == pytest.approx(metrics.root_mean_squared_error(label, prediction), rel=1e-9)
    assert scores["mae"] == pytest.approx(metrics.mean_absolute_error(label, prediction), rel=1e-9)
    base = metrics.mean_squared_error(label, np.full(25, 0.05))
    assert scores["base_rmse"] == pytest.approx(base**0.5, rel=1e-9)
    assert scores["r2"] == pytest.approx(1 - metrics.mean_squared_error(label, prediction) / base, rel=1e-9, abs=1e-12)


def test_the_r2_against_the_own_mean_is_that_of_scikit_learn() -> None:
    label, prediction = np.array([0.1, 0.2, -0.3, 0.4]), np.array([0.0, 0.25, -0.1, 0.2])
    scores = out_of_sample(scored("regression", label, prediction, label))
    assert scores["r2"] == pytest.approx(metrics.r2_score(label, prediction))
    assert (scores["hit_rate"], scores["base_rate"]) == (0.75, 0.75)


def test_what_never_changes_has_no_correlation() -> None:
    assert math.isnan(headline("regression", np.arange(5.0), np.ones(5)))
    assert headline("regression", np.arange(5.0), np.arange(5.0) ** 3) == pytest.approx(1)


@given(cases)
def test_scores_of_two_classes_are_those_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    label, probability = columns(rows)
    said = probability >= 0.5
    found = out_of_sample(scored("binary", label, probability, label))
    assert found["average_precision"] == pytest.approx(metrics.average_precision_score(label, probability), abs=1e-12)
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(label, probability), abs=1e-12)
    assert found["base_brier"] == pytest.approx(label.var(), abs=1e-12)
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(label, said), abs=1e-12)
    assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(label, said), abs=1e-12)
    assert found["recall"] == pytest.approx(metrics.recall_score(label, said), abs=1e-12)
    assert found["f1"] == pytest.approx(metrics.f1_score(label, said), abs=1e-12)
    if said.any():
        assert found["precision"] == pytest.approx(metrics.precision_score(label, said), abs=1e-12)
    else:
        assert math.isnan(found["precision"])


@given(three, some.permutations([0.0, 1.0, 2.0] * 10))
def test_averages_over_three_classes_are_those_of_scikit_learn(probability: np.ndarray, labels: list[float]) -> None:
    label, said = np.array(labels), probability.argmax(axis=1)
    found = out_of_sample(scored("multiclass", label, probability, label))
    for name, score in (("precision", metrics.precision_score), ("recall", metrics.recall_score)):
        assert found[name] == pytest.approx(score(label, said, average="macro", zero_division=0), abs=1e-12)
    assert found["f1"] == pytest.approx(metrics.f1_score(label, said, average="macro", zero_division=0), abs=1e-12)
    assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(label, said), abs=1e-12)
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(label, said), abs=1e-12)
    brier = np.mean([((row - np.eye(3)[int(own)]) ** 2).sum() for row, own in zip(probability, label, strict=True)])
    assert found["brier"] == pytest.approx(brier)


@given(cases)
def test_curves_are_those_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    label, probability = columns(rows)
    false, true, _ = metrics.roc_curve(label, probability, drop_intermediate=False)
    for own, other in zip(ranking.roc_curve(label, probability), (false, true), strict=True):
        np.testing.assert_allclose(own, other, atol=1e-12)
    precision, recall, _ = metrics.precision_recall_curve(label, probability)
    own_recall, own_precision = ranking.precision_recall_curve(label, probability)
    np.testing.assert_allclose(own_recall, recall[-2::-1], atol=1e-12)
    np.testing.assert_allclose(own_precision, precision[-2::-1], atol=1e-12)


def test_the_return_of_fifths_is_that_of_pandas() -> None:
    import pandas as pd

    random = np.random.default_rng(3)
    score, returns = random.normal(size=500), random.normal(size=500)
    fifths = pd.Series(returns).groupby(pd.qcut(score, 5, labels=False)).mean()
    found = out_of_sample(scored("binary", (returns > 0).astype(float), score, np.ones(1), returns))
    assert found["long_short"] == pytest.approx(fifths[4] - fifths[0])
    assert found["rank_ic"] == pytest.approx(stats.spearmanr(score, returns).statistic)
    assert found["ic"] == pytest.approx(stats.pearsonr(score, returns).statistic)


@pytest.mark.parametrize("task", HEADLINE)
def test_weights_are_rows_repeated_so_often(task: Task) -> None:
    random = np.random.default_rng(4)
    label = random.integers(0, 3 if task == "multiclass" else 2, 60).astype(np.float64)
    prediction = np.round(random.dirichlet(np.ones(3), 60), 1) if task == "multiclass" else random.uniform(size=60)
    returns = np.where(random.uniform(size=60) < 0.1, np.nan, random.normal(size=60))
    rows = scored(task, label, np.round(prediction, 1), label, returns)
    weight = random.integers(0, 4, (5, 60))
    found = weighted(rows, weight.astype(np.float64))
    for sample, counts in enumerate(weight):
        at = np.repeat(np.arange(60), counts)
        again = Scored(task, label[at], rows.prediction[at], rows.base[at], returns[at])
        expected = out_of_sample(again)
        assert {name: values[sample] for name, values in found.items()} == pytest.approx(expected, nan_ok=True)
