"""Block-bootstrap intervals: as wide as theory says, wider where rows overlap, whole times at once."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.resampling import block_length, intervals, weights
from engine.models.scores import SCORES, Scored
from tests.support.market import days


def rows(label: np.ndarray, prediction: np.ndarray) -> Scored:
    return Scored("binary", label, prediction, np.full(len(label), 0.5), label - 0.5)


def test_the_interval_of_independent_rows_is_that_of_theory() -> None:
    """Accuracy: 1.96 sqrt(p (1 - p) / n). AUC: the error of Hanley and McNeil (1982)."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 2000).astype(np.float64)
    prediction = np.clip(0.5 + 0.1 * (label - 0.5) + random.normal(0, 0.2, 2000), 0, 1)
    scored = rows(label, prediction)
    found = dict(zip(SCORES["binary"], intervals(scored, days(2000), 1, seed=0), strict=False))
    right = np.mean((prediction >= 0.5) == label)
    assert np.diff(found["accuracy"])[0] == pytest.approx(2 * 1.96 * np.sqrt(right * (1 - right) / 2000), rel=0.2)
    area = np.mean(prediction[label == 1][:, None] > prediction[label == 0])
    up, down = (label == 1).sum(), (label == 0).sum()
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (up - 1) * (one - area**2) + (down - 1) * (two - area**2)) / (up * down)
    assert np.diff(found["auc"])[0] == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.2)
    assert found["auc"][0] < area < found["auc"][1]


def test_rows_that_overlap_have_wider_intervals() -> None:
    random = np.random.default_rng(1)
    steps = random.normal(size=1020)
    label = (np.convolve(steps, np.ones(20), "valid")[:1000] > 0).astype(np.float64)
    prediction = 0.5 + 0.01 * np.convolve(random.normal(size=1020), np.ones(20), "valid")[:1000]
    scored = rows(label, prediction)
    assert block_length(scored, days(1000), 20) >= 20
    own, too_short = (np.diff(intervals(scored, days(1000), horizon, seed=0)[0])[0] for horizon in (20, 1))
    shuffled = random.permutation(1000)
    apart = np.diff(intervals(rows(label[shuffled], prediction[shuffled]), days(1000), 1, seed=0)[0])[0]
    assert own > 2 * apart
    assert too_short > apart


def test_rows_of_one_time_are_drawn_together() -> None:
    time = np.tile(days(50), 3)
    drawn = np.concatenate(list(weights(time, 5.0, 30, seed=0)))
    assert drawn.shape == (30, 150)
    np.testing.assert_array_equal(drawn[:, :50], drawn[:, 50:100])
    np.testing.assert_array_equal(drawn.sum(axis=1), 150)
    np.testing.assert_array_equal(drawn, np.concatenate(list(weights(time, 5.0, 30, seed=0))))


def test_a_few_times_have_no_interval() -> None:
    assert intervals(rows(np.tile([0.0, 1.0], 9), np.full(18, 0.5)), days(18), 1, seed=0).shape == (0, 2)
