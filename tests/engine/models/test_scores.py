"""Scores against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn import metrics

from engine.models.scores import SCORES, auc, log_loss, out_of_sample

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


def test_every_figure_is_defined() -> None:
    label, probability = np.array([0, 1, 1, 1.0]), np.array([0.5, 0.5, 0.2, 0.9])
    scores = out_of_sample(label, probability, 0.6)
    assert set(scores) == set(SCORES) - {"train_auc"}
    assert scores["accuracy"] == 0.5  # one half means a rise
    assert scores["base_rate"] == 0.75
    assert scores["base_log_loss"] == pytest.approx(-(3 * math.log(0.6) + math.log(0.4)) / 4)
