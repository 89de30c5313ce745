"""Linear models predict what scikit-learn's own estimators predict."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from engine.models.artifact import to_tensors
from engine.models.dataset import from_arrays
from engine.models.kinds.linear import Linear

RANDOM = np.random.default_rng(0)
VALUES = RANDOM.normal(size=(400, 4)) * [1, 10, 0.01, 3] + [5, -20, 0, 1]
SCORE = VALUES[:, 0] + 0.1 * VALUES[:, 1] + RANDOM.normal(size=400)
CLASSES = np.digitize(SCORE, np.quantile(SCORE, [1 / 3, 2 / 3])).astype(np.float64)


def test_ridge() -> None:
    model = Linear(penalty=3)
    data = from_arrays(VALUES, SCORE, task="regression", classes=())
    expected = make_pipeline(StandardScaler(), Ridge(alpha=3)).fit(VALUES, SCORE).predict(VALUES)
    np.testing.assert_allclose(model.predict(model.fit(data, None, 0).artifact, data), expected, rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression(classes: int) -> None:
    model, label = Linear(penalty=2), np.minimum(CLASSES, classes - 1)
    task = "binary" if classes == 2 else "multiclass"
    data = from_arrays(VALUES, label, task=task, classes=("a", "b", "c")[:classes])  # type: ignore[arg-type]
    library = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)).fit(VALUES, label)
    expected = library.predict_proba(VALUES)
    found = model.predict(model.fit(data, None, 0).artifact, data)
    np.testing.assert_allclose(found, expected[:, 1] if classes == 2 else expected, rtol=1e-6, atol=1e-9)


def test_a_feature_that_never_changes_has_no_weight() -> None:
    values = np.column_stack([VALUES, np.full(400, 7.0)])
    fitted = Linear().fit(from_arrays(values, SCORE, task="regression", classes=()), None, 0)
    assert fitted.importance[-1] == 0
    assert np.isfinite(to_tensors(fitted.artifact)["scale"]).all()


def test_it_is_solved_at_once() -> None:
    fitted = Linear().fit(from_arrays(VALUES, SCORE, task="regression", classes=()), None, 0)
    assert (Linear.step, fitted.best_step, len(fitted.train_loss)) == ("", None, 0)


def test_the_seed_does_not_matter() -> None:
    data = from_arrays(VALUES, np.minimum(CLASSES, 1))
    assert Linear().fit(data, None, 0).artifact.digest == Linear().fit(data, None, 1).artifact.digest
