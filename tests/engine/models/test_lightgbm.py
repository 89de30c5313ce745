"""LightGBM: early stopping, the stored model, the number of threads."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.lightgbm import LightGbm


def noise(rows: int, seed: int) -> Dataset:
    random = np.random.default_rng(seed)
    return from_arrays(random.normal(size=(rows, 2)), random.integers(0, 2, rows).astype(np.float64))


def test_early_stopping_keeps_the_rounds_up_to_the_lowest_loss() -> None:
    model = LightGbm(rounds=300, early_stopping=20, learning_rate=0.2)
    fitted = model.fit(noise(500, 0), noise(200, 1), 0)
    assert len(fitted.validation_loss) == fitted.best_step + 20
    assert fitted.best_step == fitted.validation_loss.argmin() + 1
    assert lightgbm.Booster(model_str=fitted.artifact.content.decode()).num_trees() == fitted.best_step


def test_without_it_every_round_is_kept_and_no_row_set_aside() -> None:
    model = LightGbm(rounds=30, early_stopping=0)
    assert not model.wants_validation()
    fitted = model.fit(noise(500, 0), None, 0, on_step=lambda step: None)
    assert fitted.best_step == len(fitted.train_loss) == 30
    assert len(fitted.validation_loss) == 0
    assert lightgbm.Booster(model_str=fitted.artifact.content.decode()).num_trees() == 30


def test_losses_are_mean_log_losses_of_the_model_itself() -> None:
    from sklearn.metrics import log_loss

    train, later = noise(500, 0), noise(200, 1)
    model = LightGbm(rounds=12, early_stopping=12)
    fitted = model.fit(train, later, 0, on_step=lambda step: None)
    probability = model.predict(fitted.artifact, later)
    assert fitted.validation_loss.min() == pytest.approx(log_loss(later.label, probability), rel=1e-9)
    probability = model.predict(fitted.artifact, train)
    assert fitted.train_loss[fitted.best_step - 1] == pytest.approx(log_loss(train.label, probability), rel=1e-9)


def test_the_number_of_threads_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    first = LightGbm(rounds=20).fit(noise(500, 0), noise(200, 1), 0).artifact.content
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert LightGbm(rounds=20).fit(noise(500, 0), noise(200, 1), 0).artifact.content == first
    assert b"[num_threads: 1]" in first


def test_too_few_rows_for_a_split_give_one_probability() -> None:
    model = LightGbm(rounds=5, min_data_in_leaf=1000, early_stopping=0)
    train = noise(100, 0)
    probability = model.predict(model.fit(train, None, 0).artifact, train)
    np.testing.assert_allclose(probability, train.label.mean())
