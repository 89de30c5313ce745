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

from engine.models.scores import SCORES, auc, headline, log_loss, mean_auc, out_of_sample

cases = some.lists(
    some.tuples(some.booleans(), some.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])), min_size=2, max_size=60
).filter(lambda rows: len({row[0] for row in rows}) == 2)


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
    scores = out_of_sample("binary", label, probability, np.array([1, 1, 1, 0, 0.0]))
    assert set(scores) == set(SCORES["binary"]) - {"train_auc"}
    assert scores["accuracy"] == 0.5  # one half means a rise
    assert scores["base_rate"] == 0.75
    assert scores["base_log_loss"] == pytest.approx(-(3 * math.log(0.6) + math.log(0.4)) / 4)


three = arrays(np.float64, (30, 3), elements=some.floats(0.01, 1)).map(lambda rows: rows / rows.sum(axis=1)[:, None])


@given(three, some.permutations([0.0, 1.0, 2.0] * 10))
def test_scores_of_three_classes_are_those_of_scikit_learn(probability: np.ndarray, labels: list[float]) -> None:
    label, train = np.array(labels), np.array([0, 0, 1, 2.0])
    scores = out_of_sample("multiclass", label, probability, train)
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
    scores = out_of_sample("regression", label, prediction, np.array([0.0, 0.1]))
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
    scores = out_of_sample("regression", label, prediction, label)
    assert scores["r2"] == pytest.approx(metrics.r2_score(label, prediction))
    assert (scores["hit_rate"], scores["base_rate"]) == (0.75, 0.75)


def test_what_never_changes_has_no_correlation() -> None:
    assert math.isnan(headline("regression", np.arange(5.0), np.ones(5)))
    assert headline("regression", np.arange(5.0), np.arange(5.0) ** 3) == pytest.approx(1)
