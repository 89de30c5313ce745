"""The contract of a trainer: one network being trained by one framework on one device, step by step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from engine.models.neural.arrays import Array, Arrays
from engine.models.neural.initial import Weights
from engine.models.neural.losses import Loss
from engine.models.neural.networks.base import Network, Pass
from engine.models.neural.rows import Batch
from engine.models.neural.training import Training

State = dict[str, NDArray[Any]]


class Trainer(ABC):
    """Weights, and what an optimiser remembers of its steps.

    The gradient of a step is that of the mean loss of its batches; L1 is added to it, its norm is cut, and the weights
    follow. Weights of layers decay; biases, normalisation and running statistics do not.
    """

    def __init__(self, network: Network, loss: Loss, weights: Mapping[str, NDArray[Any]], arrays: Arrays) -> None:
        self.network, self.loss, self.arrays = network, loss, arrays
        self.training: Training = loss.training
        parameters = network.parameters()
        self.trained = tuple(name for name, item in parameters.items() if item.trained)
        self.decayed = tuple(name for name, item in parameters.items() if item.decays)
        self.begin(weights)

    @abstractmethod
    def begin(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Take these weights, with an optimiser that has not moved."""

    @abstractmethod
    def weights(self) -> Weights:
        """A copy."""

    @abstractmethod
    def state(self) -> State:
        """A copy of what the optimiser remembers."""

    @abstractmethod
    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """The contrary of ``state``."""

    @abstractmethod
    def add(self, batch: Batch, share: float, seed: Sequence[int]) -> Array:
        """Add the gradient of ``batch``, times ``share``, to that of the step under way; its mean loss. ``seed``
        decides on the dropout.
        """

    @abstractmethod
    def gradients(self) -> State:
        """A copy of the gradient of the step under way."""

    @abstractmethod
    def update(self, learning_rate: float) -> Array:
        """Make the step; the norm of its gradient before that was cut."""

    @abstractmethod
    def evaluated(self, batch: Batch) -> Array:
        """The mean loss of ``batch`` without dropout."""

    def mean_loss(self, at: Pass, batch: Batch, targets: Array) -> Array:
        """The mean over the rows of ``batch`` of their losses, times the weights if there are any."""
        losses = self.loss.rows(self.arrays, self.network.scores(at, batch.values), targets)
        return (losses if batch.weight is None else losses * batch.weight).mean()
