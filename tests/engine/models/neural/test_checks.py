"""Checks before a long training: the learning-rate finder, sanity checks, the profile of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.gru import Gru
from engine.models.kinds.mlp import Mlp
from engine.models.neural.checks import Checks, Layer, check, profile_epoch
from engine.models.neural.finder import _suggested, find_learning_rate

frameworks = pytest.mark.parametrize("framework", ["torch", "mlx"])


def data(rows: int = 300) -> Dataset:
    random = np.random.default_rng(0)
    values = random.standard_normal((rows, 3))
    return from_arrays(values, (values[:, 0] + 0.3 * random.standard_normal(rows) > 0).astype(np.float64))


@frameworks
def test_the_finder_ends_at_twice_the_lowest_loss_and_suggests_a_descent(framework: str) -> None:
    model = Mlp.parse({"framework": framework, "optimiser": "sgd", "batch_size": 64})
    found = find_learning_rate(model, data())
    assert found.rate[0] == pytest.approx(1e-6)
    assert (np.diff(np.log(found.rate)) > 0).all()
    assert (found.loss <= 2 * np.minimum.accumulate(found.loss)).all()
    at = int(np.searchsorted(found.rate, found.suggestion))
    assert found.loss[at + 3] < found.loss[at - 3]
    assert found.suggestion < found.rate[found.loss.argmin()]


def test_the_finder_stops_where_the_loss_explodes() -> None:
    rows = from_arrays(data().matrix, data().matrix[:, 0] ** 3, task="regression", classes=())
    found = find_learning_rate(Mlp(hidden=(64, 64), optimiser="sgd", momentum=0.99), rows)
    assert len(found.rate) < 100
    assert np.isfinite(found.loss).all()


def test_the_finder_is_right_about_a_curve_that_is_known() -> None:
    rates = np.geomspace(1e-6, 1, 200)
    losses = 1 / (1 + np.exp(4 * (np.log10(rates) + 3)))  # falls fastest at a thousandth
    assert _suggested(rates, losses).suggestion == pytest.approx(1e-3, rel=0.1)
    with pytest.raises(DataError, match="falls at no learning rate between 1e-6 and 1"):
        _suggested(rates, rates)


@frameworks
def test_a_sound_network_passes_its_checks(framework: str) -> None:
    model = Gru.parse({"framework": framework, "window": 4, "units": [12], "learning_rate": 0.02})
    found = check(model, data(80))
    assert (found.windows, found.scores) == ((32, 4, 3), (32, 1))
    assert {layer.name: layer.shape for layer in found.layers} == {
        name: item.shape for name, item in model.network(3, 1).parameters().items()
    }
    assert found.overfits
    assert found.problems() == ()


def test_what_is_wrong_is_told() -> None:
    frozen = check(Mlp(learning_rate=1e-7), data(60))
    assert "cannot overfit one batch" in frozen.problems()[0]
    layers = (Layer("weight.0", (1,), 0.0), Layer("weight.1", (1,), 1e9), Layer("weight.2", (1,), float("nan")))
    still, wild = Checks((1, 1, 1), (1, 1), layers, 1.0, 0.0).problems()
    assert "No gradient reaches weight.0" in still
    assert "The gradient of weight.1, weight.2 explodes" in wild


@frameworks
def test_the_profile_adds_up(framework: str) -> None:
    found = profile_epoch(Gru.parse({"framework": framework, "window": 4, "units": [4]}), data(100))
    assert min(found.data, found.forward, found.step) > 0
    assert found.backward >= 0


def test_checks_leave_a_training_as_it_is() -> None:
    model: Any = Mlp(epochs=2, early_stopping=0, dropout=0.2)
    before = model.fit(data(60), None, 0).artifact.digest
    check(model, data(60))
    profile_epoch(model, data(60))
    assert model.fit(data(60), None, 0).artifact.digest == before
