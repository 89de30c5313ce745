"""One step of a network: a batch through it, and in training its gradients too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine import devices
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import ROWS, SEED, Unit, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.neural.initial import fresh
from engine.models.neural.losses import Loss
from engine.models.neural.networks.base import Network, Pass
from engine.models.neural.networks.convolutional import Convolutional
from engine.models.neural.networks.perceptron import Perceptron
from engine.models.neural.networks.recurrent import Recurrent
from engine.models.neural.networks.transformer import Transformer
from engine.models.neural.rows import Batch
from engine.models.neural.trainers import arrays_of, trainer_of
from engine.models.neural.training import Training

HEADS = 4
Kind = Literal["mlp", "rnn", "lstm", "gru", "attention", "tcn", "transformer"]
NETWORKS: Mapping[Kind, str] = {
    "mlp": "MLP", "rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "attention": "Attention RNN", "tcn": "TCN",
    "transformer": "Transformer",
}  # fmt: skip


@plugin("network_step", title="Network step", group="Research", synonyms=("training", "inference", "torch", "mlx"))
class NetworkStep(Workload):
    """A batch of windows through a network as the models build it, and in training the gradients of its loss.

    In float32, with the same first weights in every framework. The rate counts windows.
    """

    unit: ClassVar[Unit] = ROWS
    pace: ClassVar[float] = 2e3
    axis: ClassVar[str] = "batch"
    default_sizes: ClassVar[tuple[int, ...]] = (32, 256)
    reference: ClassVar[str] = "torch:cpu"

    kind: Literal["network_step"] = "network_step"
    network: Kind = parameter("lstm", title="Network", choices=NETWORKS)
    work: Literal["training", "inference"] = parameter(
        "training", title="Work", choices={"training": "Training", "inference": "Inference"}
    )
    batch: int = parameter(256, title="Batch size", help="Windows.", ge=4, le=65_536, step=32)
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1_000, step=10)
    features: int = parameter(16, title="Features", ge=1, le=1_000, step=8)
    units: int = parameter(64, title="Units", help="Of the one hidden layer, or the width.", ge=4, le=1_024, step=16)

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.units % HEADS:
            raise ValueError(f"Units must be a multiple of {HEADS}, the heads of a Transformer.")
        return self

    def label(self) -> str:
        return (
            f"{NETWORKS[self.network]} {self.work}, {self.batch} × {self.window} × {self.features}, {self.units} units"
        )

    def variants(self) -> tuple[Variant, ...]:
        return tuple(
            Variant(name, title, partial(self._prepare, name), device=name)
            for name, title in devices.NAMES.items()
            if not name.startswith("numpy")
        )

    def number(self) -> str:
        return "float32"

    def built(self) -> Network:
        """The network, which predicts one number."""
        if self.network == "mlp":
            return Perceptron(self.features, self.window, 1, (self.units,))
        if self.network == "attention":
            return Recurrent(self.features, 1, "gru", (self.units,), pooling="attention")
        if self.network == "tcn":
            return Convolutional(self.features, 1, (self.units, self.units))
        if self.network == "transformer":
            return Transformer(self.features, 1, self.units, HEADS, 1, 2 * self.units)
        return Recurrent(self.features, 1, self.network, (self.units,))

    def inputs(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        numbers = np.random.default_rng(SEED)
        x = numbers.standard_normal((self.batch, self.window, self.features), dtype=np.float32)
        return x, numbers.standard_normal(self.batch, dtype=np.float32)

    @contextmanager
    def _prepare(self, name: str, inputs: tuple[NDArray[np.float32], NDArray[np.float32]]) -> Iterator[Prepared]:
        devices.get(name)
        framework, _, device = name.partition(":")
        arrays, network, loss = arrays_of(framework, device), self.built(), Loss(Training(), "regression", 0)
        weights = fresh(network, 0)
        with arrays.computing():
            if self.work == "inference":
                at = Pass(arrays, {key: arrays.place(value) for key, value in weights.items()})
                x = arrays.place(inputs[0])

                def predict() -> NDArray[Any]:
                    with arrays.without_gradients():
                        return arrays.to_numpy(network.scores(at, x))

                yield Prepared(predict, np.asarray, _threads(framework))
                return
            trainer = trainer_of(network, loss, weights, arrays)
            batch = Batch(arrays.place(inputs[0]), arrays.place(loss.targets(inputs[1].astype(np.float64))), None)

            def train() -> NDArray[Any]:
                trainer.begin(weights)
                trainer.add(batch, 1.0, (0,))
                return np.concatenate([np.ravel(part) for part in trainer.gradients().values()])

            yield Prepared(train, np.asarray, _threads(framework))

    def amount(self) -> float:
        return float(self.batch)

    def bound(self) -> float:
        """As the gate of a device allows gradients to differ."""
        return 5e-4

    def megabytes(self, variants: int) -> float:
        """Activations of a batch and their gradients, several of each unit, and the weights."""
        return (
            4
            * (self.batch * self.window * (self.features + 24 * self.units) + 64 * self.units**2)
            / 1e6
            * (1 + variants)
        )


def _threads(framework: str) -> int:
    import torch

    return torch.get_num_threads() if framework == "torch" else 1
