"""The multi-layer perceptron."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from engine.models.neural.arrays import Activation, Array
from engine.models.neural.networks.base import (
    RECTIFIERS,
    Network,
    Normalisation,
    Parameter,
    Parameters,
    Pass,
    normalisation,
)


@dataclass(frozen=True)
class Perceptron(Network):
    """Fully connected layers on all values of a window, each but the last normalised, activated and dropped out.

    Weights are named ``weight.0``, ``bias.0``, ... by layer.
    """

    features: int
    window: int
    outputs: int
    hidden: tuple[int, ...]
    activation: Activation = "relu"
    normalisation: Normalisation = "none"
    dropout: float = 0.0

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.features * self.window, *self.hidden, self.outputs)

    @property
    def rectifies(self) -> bool:
        return self.activation in RECTIFIERS

    def parameters(self) -> Parameters:
        found: Parameters = {}
        for number, (inputs, units) in enumerate(pairwise(self.widths)):
            found |= {f"weight.{number}": Parameter((units, inputs)), f"bias.{number}": Parameter((units,), "zeros")}
            if number < len(self.hidden):
                found |= normalisation(f"norm.{number}", units, self.normalisation)
        return found

    def held(self, window: int) -> int:
        return sum(self.widths[:-1])

    def scores(self, at: Pass, x: Array) -> Array:
        x = x.reshape(len(x), -1)
        for number in range(len(self.hidden) + 1):
            x = at.arrays.linear(x, at.weights[f"weight.{number}"], at.weights[f"bias.{number}"])
            if number < len(self.hidden):
                x = at.normalised(x, f"norm.{number}", self.normalisation)
                x = at.dropped(at.arrays.activation(self.activation, x), self.dropout)
        return x
