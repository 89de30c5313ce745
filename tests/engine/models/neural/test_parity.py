"""The same weights in torch and in MLX: outputs, gradients, and what becomes of them in a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.models.neural.networks.base import Network, Pass
from engine.models.neural.training import Training
from tests.support.networks import NETWORKS, batch, largest_difference, trainer

FRAMEWORKS = ("torch", "mlx")
SEED = (0, 0, 0)
networks = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
SETTINGS: dict[str, dict[str, Any]] = {
    "adamw": {"weight_decay": 0.1},
    "adam": {"optimiser": "adam", "weight_decay": 0.1},
    "sgd": {"optimiser": "sgd", "weight_decay": 0.1},
    "clipped": {"clip_norm": 0.01},
    "l1": {"l1": 0.05, "clip_norm": 0.1},
    "smoothed": {"label_smoothing": 0.2},
}


@networks
def test_outputs_are_equal_to_1e_5(network: Network) -> None:
    found = []
    for framework in FRAMEWORKS:
        made = trainer(framework, network)
        at = Pass(made.arrays, {name: made.arrays.place(values) for name, values in made.weights().items()})
        with made.arrays.computing():
            found.append(made.arrays.to_numpy(network.scores(at, batch(framework).values)))
    assert np.abs(found[0]).max() > 0.01
    assert np.abs(found[0] - found[1]).max() < 1e-5


@networks
@pytest.mark.parametrize("rows", [9, 1])
def test_gradients_are_equal_to_1e_4(network: Network, rows: int) -> None:
    found = []
    for framework in FRAMEWORKS:
        made = trainer(framework, network)
        with made.arrays.computing():
            made.add(batch(framework, rows), 1.0, SEED)
            found.append(made.gradients())
    assert max(np.abs(values).max() for values in found[0].values()) > 0.01
    assert largest_difference(*found) < 1e-4


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_training_takes_the_same_course(settings: dict[str, Any]) -> None:
    network, ends, norms = NETWORKS["lstm"], [], []
    for framework in FRAMEWORKS:
        made = trainer(framework, network, Training(**settings))
        begun = made.weights()
        with made.arrays.computing():
            for step in range(20):
                made.add(batch(framework, seed=step), 1.0, SEED)
                norms.append(float(made.arrays.numbers([made.update(0.01)])[0]))
        ends.append(made.weights())
    assert largest_difference(begun, ends[0]) > 0.02
    assert largest_difference(*ends) < 1e-4
    np.testing.assert_allclose(norms[:20], norms[20:], rtol=1e-3)


def test_what_an_optimiser_remembers_can_be_put_back() -> None:
    for framework in FRAMEWORKS:
        for optimiser in ("adamw", "sgd"):
            one = trainer(framework, NETWORKS["gru"], Training.parse({"optimiser": optimiser}))
            with one.arrays.computing():
                for step in range(6):
                    if step == 3:
                        other = trainer(framework, NETWORKS["gru"], one.training, weights=one.weights())
                        other.restore(one.state())
                    for made in (one, other) if step >= 3 else (one,):
                        made.add(batch(framework, seed=step), 1.0, SEED)
                        made.update(0.01)
            assert largest_difference(one.weights(), other.weights()) == 0
