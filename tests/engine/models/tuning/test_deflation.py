"""Deflation of the best of many trials: by hand, and on trials without skill."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.models.tuning.deflation import deflated, deviation_of_scores

NULLS = np.array([0.48, 0.49, 0.50, 0.51, 0.52])


def test_by_hand() -> None:
    found = deflated(0.56, NULLS, 0.01, 2, 1)
    assert found is not None
    gamma = 0.5772156649015329
    z = (1 - gamma) * stats.norm.ppf(0.5) + gamma * stats.norm.ppf(1 - 1 / (2 * np.e))
    assert found.expected == pytest.approx(0.5 + 0.01 * z)
    error = np.sqrt((0.02**2 + 0.01**2) * 2 / 4)
    assert found.error == pytest.approx(error)
    distance = (0.56 - 0.5 - 0.01 * z) / (error * np.sqrt(1 + 1 / 5))
    assert found.p_value == pytest.approx(stats.t.sf(distance, 4))


def test_a_loss_is_better_where_it_is_lower() -> None:
    above, below = deflated(0.56, NULLS, 0.01, 10, 1), deflated(1 - 0.56, 1 - NULLS, 0.01, 10, -1)
    assert above is not None
    assert below is not None
    assert below.p_value == pytest.approx(above.p_value)
    assert below.expected == pytest.approx(1 - above.expected)


def test_more_trials_are_worth_less() -> None:
    few, many = deflated(0.56, NULLS, 0.01, 10, 1), deflated(0.56, NULLS, 0.01, 1000, 1)
    assert few is not None
    assert many is not None
    assert many.p_value > few.p_value


@pytest.mark.parametrize("nulls", [NULLS[:4], np.full(20, 0.5), np.full(20, np.nan)])
def test_without_null_models_that_vary_nothing_is_said(nulls: np.ndarray) -> None:
    assert deflated(0.6, nulls, 0.01, 10, 1) is None


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.95])
def test_noise_tuned_over_a_hundred_trials_is_rarely_called_better_than_chance(alike: float) -> None:
    """Scores of trials without skill that share the part ``alike`` of their variance; the spread is estimated from
    ten of them, as in a search by an estimator.
    """
    random, runs, trials = np.random.default_rng(7), 2_000, 100
    called = 0
    for _ in range(runs):
        common, own = random.normal(size=4), random.normal(size=(trials, 4))
        folds = 0.5 + 0.02 * (np.sqrt(alike) * common + np.sqrt(1 - alike) * own)
        nulls = 0.5 + 0.02 * random.normal(size=(20, 4)).mean(axis=1)
        drawn = np.arange(trials) < 10
        found = deflated(float(folds.mean(axis=1).max()), nulls, deviation_of_scores(folds, drawn), trials, 1)
        assert found is not None
        called += found.p_value < 0.05
    assert called / runs < 0.06


def test_a_trial_that_was_ended_early_goes_on_like_the_others() -> None:
    folds = np.array([[0.6, 0.5, 0.4], [0.62, 0.52, 0.42], [0.58, 0.48, 0.38], [0.54, np.nan, np.nan]])
    means = [0.5, 0.52, 0.48, 0.54 - (0.6 - 0.5)]
    assert deviation_of_scores(folds, np.ones(4, dtype=bool)) == pytest.approx(np.std(means, ddof=1))


def test_the_spread_is_not_that_of_what_an_estimator_came_to_draw() -> None:
    folds = np.concatenate([[[0.4], [0.6]], np.full((50, 1), 0.6)])
    drawn = np.arange(52) < 2
    assert deviation_of_scores(folds, drawn) == pytest.approx(np.std([0.4, 0.6], ddof=1))
