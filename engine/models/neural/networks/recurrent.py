"""Recurrent networks: RNN, LSTM and GRU, read at the last bar or through attention to all of the window."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from engine.models.neural.arrays import Array, Cell
from engine.models.neural.networks.base import (
    Normalisation,
    Parameter,
    Parameters,
    Pass,
    SequenceNetwork,
    linear,
    normalisation,
)

GATES: dict[Cell, int] = {"rnn": 1, "gru": 3, "lstm": 4}


@dataclass(frozen=True)
class Recurrent(SequenceNetwork):
    """Layers of one direction, from the past to the present: LSTM (Hochreiter and Schmidhuber 1997, with a forget gate
    that begins open, Jozefowicz et al. 2015), GRU (Cho et al. 2014, the reset gate after the product) or tanh. Between
    them normalisation and dropout.

    ``pooling`` "last" predicts from the last bar, "attention" from the average of all bars of the window by additive
    attention (Bahdanau et al. 2015).
    """

    features: int
    outputs: int
    cell: Cell
    layers: tuple[int, ...]
    normalisation: Normalisation = "none"
    dropout: float = 0.0
    pooling: Literal["last", "attention"] = "last"

    @property
    def width(self) -> int:
        return self.layers[-1]

    def body(self) -> Parameters:
        found: Parameters = {}
        for number, (inputs, units) in enumerate(pairwise((self.features, *self.layers))):
            rows, name = GATES[self.cell] * units, f"recurrent.{number}"
            found[f"{name}.input"] = Parameter((rows, inputs))
            found[f"{name}.recurrent"] = Parameter((rows, units), "recurrent")
            found[f"{name}.bias"] = Parameter((rows,), "forget" if self.cell == "lstm" else "zeros")
            if self.cell == "gru":
                found[f"{name}.new"] = Parameter((units,), "zeros")
            found |= normalisation(f"norm.{number}", units, self.normalisation)
        if self.pooling == "attention":
            found |= linear("attention", self.width, self.width)
            found["attention.score"] = Parameter((1, self.width))
        return found

    def held(self, window: int) -> int:
        return window * (self.features + (GATES[self.cell] + 1) * sum(self.layers))

    def sequence(self, at: Pass, x: Array) -> Array:
        for number in range(len(self.layers)):
            name = f"recurrent.{number}"
            inputs, recurrent, bias = (at.weights[f"{name}.{part}"] for part in ("input", "recurrent", "bias"))
            x = at.arrays.recurrent(self.cell, x, inputs, recurrent, bias, at.weights.get(f"{name}.new"))
            x = at.dropped(at.normalised(x, f"norm.{number}", self.normalisation), self.dropout)
        return x

    def pooled(self, at: Pass, x: Array) -> Array:
        said = self.sequence(at, x)
        if self.pooling == "last":
            return said[:, -1]
        return (said * self._attention(at, said)[:, :, None]).sum(1)

    def attention(self, at: Pass, x: Array) -> Array:
        """The weight of each bar (windows, window) in the prediction, 1 in the sum over the window."""
        return self._attention(at, self.sequence(at, x))

    def _attention(self, at: Pass, said: Array) -> Array:
        energy = at.arrays.activation("tanh", at.linear(said, "attention"))
        return at.arrays.softmax((energy * at.weights["attention.score"]).sum(-1))
