"""Baselines by hand, and permutation importance against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models import permutation_importance as own
from engine.models import permuting
from engine.models.baselines import AVERAGE, baselines
from engine.models.dataset import from_arrays
from engine.models.fitting import train
from engine.models.kinds.linear import Linear
from engine.models.scores import Scored, auc
from engine.models.spec import ModelSpec

CLOSE = np.concatenate([np.full(AVERAGE, 10.0), [11, 12, 11, 9, 8, 9.0]])
BAR = np.arange(len(CLOSE), dtype=np.int32)


def test_signs_are_those_of_the_closes_known_then() -> None:
    place = np.arange(AVERAGE, len(CLOSE))
    label = np.array([1, 0, 0, 0, 1, 1.0])
    rows = Scored("binary", label, np.full(6, 0.6), np.full(6, 0.4), label - 0.5)
    found = {line.title: line.scores for line in baselines(rows, place, CLOSE, BAR, {})}
    assert list(found) == ["Base rate", "Always up", "Last return", "Above its 20-bar mean"]
    assert found["Base rate"]["accuracy"] == 0.5  # the training part had fewer rises: always down
    assert found["Base rate"]["log_loss"] == pytest.approx(-(np.log(0.4) + np.log(0.6)) / 2)
    assert found["Always up"]["accuracy"] == 0.5
    assert found["Last return"]["accuracy"] == 4 / 6  # up, up, down, down, down, up
    assert found["Last return"]["auc"] == pytest.approx(auc(label, CLOSE[place] / CLOSE[place - 1]))
    assert found["Above its 20-bar mean"]["accuracy"] == 2 / 6  # up, up, up, down, down, down
    assert "log_loss" not in found["Last return"]


def test_a_symbol_does_not_know_the_closes_of_the_one_before() -> None:
    bar = np.where(BAR < AVERAGE, BAR, BAR - AVERAGE)
    rows = Scored("regression", np.array([-1.0]), np.array([0.1]), np.array([0.0]), np.array([-0.1]))
    found = {line.title: line.scores for line in baselines(rows, np.array([AVERAGE]), CLOSE, bar, {})}
    assert found["Last return"]["hit_rate"] == 1  # 11 after 10 would be a rise: nothing is known, and called a fall


def test_several_classes_are_called_by_the_ends() -> None:
    label = np.array([2, 0, 0, 0, 1, 2.0])
    rows = Scored("multiclass", label, np.full((6, 3), 1 / 3), np.full((6, 3), 1 / 3), label - 1)
    found = {line.title: line.scores for line in baselines(rows, np.arange(AVERAGE, 26), CLOSE, BAR, {})}
    assert found["Last return"]["accuracy"] == 4 / 6


def test_importance_on_held_out_rows_is_that_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.inspection import permutation_importance as reference
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setattr(permuting, "REPEATS", 30)
    random = np.random.default_rng(0)
    values = random.normal(size=(1200, 3))
    label = (values @ np.array([1.0, 0.4, 0.0]) + random.normal(size=1200) > 0).astype(np.float64)
    data = from_arrays(values, label)
    first = np.arange(1200) < 600
    spec = ModelSpec(model=Linear(), null_fits=0)
    found = own.permutation_importance(spec, train(spec.model, data.where(first), 0), data.where(~first))
    model = LogisticRegression().fit(values[:600], label[:600])
    expected = reference(model, values[600:], label[600:], scoring="roc_auc", n_repeats=30, random_state=0)
    np.testing.assert_allclose(found, expected.importances_mean, atol=0.02)
    assert found[0] > found[1] > abs(found[2])
