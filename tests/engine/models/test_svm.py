"""The support vector machine against scikit-learn's own decisions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC, SVR

from engine.models.artifact import to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.svm import Svm

RANDOM = np.random.default_rng(0)
VALUES = RANDOM.standard_normal((240, 3)) * [1, 5, 0.1] + [0, 3, 1]
NOISY = VALUES[:, 0] + 0.5 * RANDOM.standard_normal(240)
SCALED = (VALUES - VALUES.mean(axis=0)) / VALUES.std(axis=0)


def two() -> Dataset:
    return from_arrays(VALUES, (NOISY > 0).astype(np.float64))


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("gamma", [0.0, 0.7])
def test_a_number_is_that_of_scikit_learn(kernel: str, gamma: float) -> None:
    label = 0.01 * NOISY + 5
    model = Svm.parse({"kernel": kernel, "gamma": gamma, "cost": 2.0})
    rows = from_arrays(VALUES, label, task="regression", classes=())
    scaled = (label - label.mean()) / label.std()
    made = SVR(kernel=kernel, C=2.0, gamma=gamma or 1 / 3, epsilon=0.1).fit(SCALED, scaled)
    expected = made.predict(SCALED) * label.std() + label.mean()
    np.testing.assert_allclose(model.predict(model.fit(rows, None, 0).artifact, rows), expected, rtol=1e-6)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_a_probability_is_a_logistic_curve_over_the_decision(kernel: str) -> None:
    model = Svm.parse({"kernel": kernel})
    artifact = model.fit(two(), None, 0).artifact
    probability = model.predict(artifact, two())
    made = SVC(kernel=kernel, gamma=1 / 3).fit(SCALED, two().label)
    _, slope, offset = to_tensors(artifact)["curve.0"]
    assert slope > 0
    np.testing.assert_allclose(
        np.log(probability / (1 - probability)), slope * made.decision_function(SCALED) + offset, atol=1e-5
    )


def test_probabilities_are_calibrated_on_rows_that_were_not_fitted() -> None:
    random = np.random.default_rng(1)
    noise = from_arrays(random.standard_normal((300, 3)), random.integers(0, 2, 300).astype(np.float64))
    model = Svm(cost=100.0)
    probability = model.predict(model.fit(noise, None, 0).artifact, noise)
    assert np.abs(probability - 0.5).mean() < 0.1  # the machine itself knows nearly all of its rows


def test_vectors_are_kept_as_arrays() -> None:
    tensors = to_tensors(Svm().fit(two(), None, 0).artifact)
    assert tensors["vectors.0"].shape == (len(tensors["weights.0"]), 3)
    assert set(tensors) == {"mean", "scale", "label", "vectors.0", "weights.0", "curve.0"}
