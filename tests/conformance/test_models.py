"""The contract of a model, kept by every one that is found."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from engine.core.errors import Cancelled
from engine.core.spec import canonical_json
from engine.models import MODELS, Fitted, Model, Sample

ROWS = 1200


@pytest.fixture(params=MODELS.available().values(), ids=lambda cls: cls.__name__)
def model(request: pytest.FixtureRequest) -> Model:
    spec: Model = request.param()
    return spec


def sample(seed: int, rows: int = ROWS) -> Sample:
    """Three features, of which the first decides the label but for some noise."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 3))
    return Sample(values, (values[:, 0] + 0.3 * random.normal(size=rows) > 0).astype(np.float64))


def fit(model: Model, seed: int = 0) -> Fitted:
    return model.fit(sample(1), sample(2, 300) if model.wants_validation() else None, seed)


def test_it_learns_what_can_be_learnt(model: Model) -> None:
    test = sample(3)
    assert roc_auc_score(test.label, model.predict(fit(model).text, test.values)) > 0.95


def test_probabilities_are_probabilities(model: Model) -> None:
    probability = model.predict(fit(model).text, sample(3).values)
    assert probability.dtype == np.float64
    assert probability.shape == (ROWS,)
    assert ((probability >= 0) & (probability <= 1)).all()


def test_a_row_is_predicted_by_itself(model: Model) -> None:
    text, values = fit(model).text, sample(3).values
    together = model.predict(text, values)
    np.testing.assert_array_equal(model.predict(text, values[100:110]), together[100:110])


def test_the_same_request_gives_the_same_text(model: Model) -> None:
    assert fit(model).text == fit(model).text


def test_being_watched_changes_nothing(model: Model) -> None:
    seen: list[tuple[int, int, float, float | None]] = []
    validation = sample(2, 300) if model.wants_validation() else None
    watched = model.fit(sample(1), validation, 0, lambda *event: seen.append(event))
    assert watched.text == fit(model).text
    assert [event[0] for event in seen] == list(range(1, len(seen) + 1))
    assert all(event[0] <= event[1] for event in seen)
    assert [event[2] for event in seen] == watched.train_loss.tolist()
    if validation is not None:
        assert [event[3] for event in seen] == watched.validation_loss.tolist()
    assert 1 <= watched.best_round <= len(seen)
    assert watched.train_loss[-1] < watched.train_loss[0]


def test_a_cancelled_training_ends(model: Model) -> None:
    def stop(done: int, total: int, train: float, validation: float | None) -> None:
        if done == 3:
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        model.fit(sample(1), sample(2, 300) if model.wants_validation() else None, 0, stop)


def test_the_model_is_text(model: Model) -> None:
    text = fit(model).text
    assert text.encode("utf-8").decode("utf-8") == text
    assert all(character.isprintable() or character in "\n\t" for character in text)


def test_importance_finds_the_feature_that_matters(model: Model) -> None:
    importance = fit(model).importance
    assert importance.shape == (3,)
    assert (importance >= 0).all()
    assert importance.argmax() == 0


def test_it_says_how_long_it_takes(model: Model) -> None:
    assert 0 < model.seconds(1000, 2) < model.seconds(100_000, 20)


def test_it_survives_json(model: Model) -> None:
    again = MODELS.parse(model.model_dump(mode="json"))
    assert again == model
    assert canonical_json(again) == canonical_json(model)
