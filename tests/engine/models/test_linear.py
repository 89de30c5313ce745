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


def test_lasso_and_elastic_net_are_scikit_learns() -> None:
    from sklearn.linear_model import ElasticNet, Lasso
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(0)
    values = random.standard_normal((200, 5)) * [1, 2, 3, 4, 5]
    label = 0.01 * (values[:, 0] + 0.05 * values[:, 1] + random.standard_normal(200))
    rows, scaled = from_arrays(values, label, task="regression", classes=()), StandardScaler().fit_transform(values)
    for share, made in ((1.0, Lasso(alpha=0.1)), (0.5, ElasticNet(alpha=0.1, l1_ratio=0.5))):
        model = Linear(penalty=20, l1_share=share)
        expected = made.fit(scaled, label / label.std()).predict(scaled) * label.std()
        fitted = model.fit(rows, None, 0)
        np.testing.assert_allclose(model.predict(fitted.artifact, rows), expected, rtol=1e-6, atol=1e-12)
        assert (fitted.importance == 0).sum() >= 2
        assert fitted.importance.argmax() == 0


def test_an_l1_penalty_leaves_out_features_of_classes() -> None:
    random = np.random.default_rng(0)
    values = random.standard_normal((300, 4))
    rows = from_arrays(values, (values[:, 0] + random.standard_normal(300) > 0).astype(np.float64))
    fitted = Linear(penalty=30, l1_share=1).fit(rows, None, 0)
    assert fitted.importance[0] > 0.1
    assert fitted.importance[1:].tolist() == [0, 0, 0]


def test_the_label_names_the_penalty() -> None:
    assert [Linear(l1_share=share).label() for share in (0, 0.5, 1)] == ["Linear L2 1", "Elastic net 1", "Linear L1 1"]
