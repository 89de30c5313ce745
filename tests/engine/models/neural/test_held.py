"""Numbers that a network says it holds in training, against the tensors that torch saves for the way back."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.neural.initial import fresh
from engine.models.neural.networks.base import Network, Pass
from engine.models.neural.networks.convolutional import Convolutional
from engine.models.neural.networks.perceptron import Perceptron
from engine.models.neural.networks.recurrent import Recurrent
from engine.models.neural.networks.transformer import Transformer
from engine.models.neural.trainers import arrays_of
from engine.models.neural.training import Training

NETWORKS = (
    Perceptron(8, 20, 1, (32, 16)),
    Perceptron(8, 20, 1, (32, 16), "tanh", "layer"),
    Recurrent(8, 1, "rnn", (32, 16)),
    Recurrent(8, 1, "gru", (32, 16)),
    Recurrent(8, 1, "lstm", (32, 16)),
    Recurrent(8, 1, "gru", (16,), pooling="attention"),
    Convolutional(8, 1, (16, 16)),
    Convolutional(8, 1, (16, 16), separable=True, normalisation="batch"),
    Transformer(8, 1, 32, 4, 2, 64),
)


def saved(network: Network, windows: int) -> float:
    """Numbers that torch keeps of so many windows of 20 bars, beside the weights."""
    import torch

    arrays, sizes = arrays_of("torch", "cpu"), dict[int, tuple[float, object]]()
    started = fresh(network, 0, Training().initialisation)
    weights = {name: arrays.place(np.array(values)).requires_grad_() for name, values in started.items()}
    own = {values.untyped_storage().data_ptr() for values in weights.values()}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes() / 4, storage  # held, so that no other takes its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        network.scores(Pass(arrays, weights, arrays.masks((0,))), torch.zeros(windows, 20, 8))
    return sum(size for size, _ in sizes.values())


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_it_is_no_more_than_torch_keeps_and_of_its_order(network: Network) -> None:
    kept = (saved(network, 64) - saved(network, 32)) / 32
    assert kept / 6 < network.held(20) <= kept
