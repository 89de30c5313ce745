"""Networks of every kind, tiny, and what they compute in a framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.labels import Task
from engine.models.neural.arrays import Arrays
from engine.models.neural.initial import fresh
from engine.models.neural.losses import Loss
from engine.models.neural.mlx_arrays import MlxArrays
from engine.models.neural.mlx_training import MlxTrainer
from engine.models.neural.networks.base import Network, SequenceNetwork
from engine.models.neural.networks.convolutional import Convolutional
from engine.models.neural.networks.perceptron import Perceptron
from engine.models.neural.networks.recurrent import Recurrent
from engine.models.neural.networks.transformer import Transformer
from engine.models.neural.rows import Batch
from engine.models.neural.torch_arrays import TorchArrays
from engine.models.neural.torch_training import TorchTrainer
from engine.models.neural.trainer import Trainer
from engine.models.neural.training import Training

FEATURES, WINDOW = 3, 6
SEQUENCES: Mapping[str, SequenceNetwork] = {
    "rnn": Recurrent(FEATURES, 1, "rnn", (5,)),
    "lstm": Recurrent(FEATURES, 1, "lstm", (5, 4), "layer"),
    "gru": Recurrent(FEATURES, 1, "gru", (5, 4)),
    "attention": Recurrent(FEATURES, 1, "gru", (5,), pooling="attention"),
    "tcn": Convolutional(FEATURES, 1, (4, 5)),
    "separable tcn": Convolutional(FEATURES, 1, (4, 4), separable=True, activation="gelu", normalisation="layer"),
    "transformer": Transformer(FEATURES, 1, 8, 2, 2, 12),
}
NETWORKS: Mapping[str, Network] = {
    "mlp": Perceptron(FEATURES, WINDOW, 1, (7, 5)),
    "normalised mlp": Perceptron(FEATURES, WINDOW, 1, (7,), "silu", "batch"),
    **SEQUENCES,
}


def arrays_of(framework: str) -> Arrays:
    return TorchArrays("cpu") if framework == "torch" else MlxArrays("cpu")


def trainer(
    framework: str,
    network: Network,
    training: Training | None = None,
    task: Task = "binary",
    weights: Mapping[str, NDArray[Any]] | None = None,
) -> Trainer:
    """With random weights that are alike in both frameworks."""
    made = TorchTrainer if framework == "torch" else MlxTrainer
    loss = Loss(training or Training(), task, 3 if task == "multiclass" else 2)
    return made(network, loss, fresh(network, 1) if weights is None else weights, arrays_of(framework))


def batch(framework: str, rows: int = 9, seed: int = 0, task: Task = "binary") -> Batch:
    random = np.random.default_rng(seed)
    values = random.standard_normal((rows, WINDOW, FEATURES))
    label = random.integers(0, 2, rows) if task == "binary" else random.standard_normal(rows)
    arrays = arrays_of(framework)
    return Batch(arrays.place(values), arrays.place(label.astype(np.float32)), arrays.place(1 + random.random(rows)))


def largest_difference(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> float:
    assert one.keys() == other.keys()
    return max(float(np.abs(one[name].astype(np.float64) - other[name]).max(initial=0.0)) for name in one)
