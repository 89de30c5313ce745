"""The temporal convolutional network."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from engine.models.neural.arrays import Activation, Array
from engine.models.neural.networks.base import (
    RECTIFIERS,
    Normalisation,
    Parameter,
    Parameters,
    Pass,
    SequenceNetwork,
    linear,
    normalisation,
)


@dataclass(frozen=True)
class Convolutional(SequenceNetwork):
    """Blocks of two causal convolutions, each followed by normalisation, activation and dropout, added to the block's
    input (Bai, Kolter and Koltun 2018); the dilation doubles from block to block.

    ``separable`` convolves each channel by itself and then joins channels bar by bar (Chollet 2017): fewer weights.
    """

    features: int
    outputs: int
    channels: tuple[int, ...]
    taps: int = 3
    separable: bool = False
    activation: Activation = "relu"
    normalisation: Normalisation = "none"
    dropout: float = 0.0

    @property
    def width(self) -> int:
        return self.channels[-1]

    @property
    def rectifies(self) -> bool:
        return self.activation in RECTIFIERS

    @property
    def receptive_field(self) -> int:
        """Bars that the last output sees."""
        return 1 + 2 * (self.taps - 1) * ((1 << len(self.channels)) - 1)

    def body(self) -> Parameters:
        found: Parameters = {}
        for number, (inputs, units) in enumerate(pairwise((self.features, *self.channels))):
            name = f"block.{number}"
            for part, channels in (("first", inputs), ("second", units)):
                found |= self._convolution(f"{name}.{part}", channels, units)
                found |= normalisation(f"{name}.{part}.norm", units, self.normalisation)
            if inputs != units:
                found |= linear(f"{name}.shortcut", inputs, units)
        return found

    def _convolution(self, name: str, inputs: int, units: int) -> Parameters:
        if not self.separable:
            kernel = {f"{name}.kernel": Parameter((units, inputs, self.taps))}
            return kernel | {f"{name}.bias": Parameter((units,), "zeros")}
        return {f"{name}.kernel": Parameter((inputs, 1, self.taps))} | linear(name, inputs, units)

    def held(self, window: int) -> int:
        return window * (self.features + 2 * sum(self.channels))

    def sequence(self, at: Pass, x: Array) -> Array:
        for number in range(len(self.channels)):
            name, before = f"block.{number}", x
            for part in ("first", "second"):
                x = self._convolved(at, x, f"{name}.{part}", 2**number)
                x = at.normalised(x, f"{name}.{part}.norm", self.normalisation)
                x = at.dropped(at.arrays.activation(self.activation, x), self.dropout)
            if f"{name}.shortcut.weight" in at.weights:
                before = at.linear(before, f"{name}.shortcut")
            x = x + before
        return x

    def _convolved(self, at: Pass, x: Array, name: str, dilation: int) -> Array:
        kernel = at.weights[f"{name}.kernel"]
        if not self.separable:
            return at.arrays.convolution(x, kernel, dilation, 1) + at.weights[f"{name}.bias"]
        return at.linear(at.arrays.convolution(x, kernel, dilation, x.shape[-1]), name)
