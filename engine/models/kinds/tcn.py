"""Temporal convolutional network (Bai, Kolter and Koltun 2018)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.neural.arrays import Activation
from engine.models.neural.kind import Neural
from engine.models.neural.networks.base import Normalisation
from engine.models.neural.networks.convolutional import Convolutional
from engine.models.neural.shape import ACTIVATIONS, NORMALISATIONS, Layers, layers, window


@plugin("tcn", title="Temporal CNN", group="Neural networks", synonyms=("convolution", "tcn", "dilated", "sequence"))
class TemporalCnn(Neural):
    """Dilated causal convolutions over a window: what each bar says follows from it and the bars before."""

    kind: Literal["tcn"] = "tcn"
    channels: Layers = layers((16, 16), "Channels")
    taps: int = parameter(
        3, title="Kernel", unit="bars", help="That a convolution joins.", ge=1, le=64, section="Model"
    )
    separable: bool = parameter(
        False,
        title="Depthwise separable",
        help="Each channel is convolved by itself, and channels are joined bar by bar: fewer weights.",
        section="Model",
    )
    window: int = window(20)
    activation: Activation = parameter("relu", title="Activation", choices=ACTIVATIONS, section="Model")
    normalisation: Normalisation = parameter("none", title="Normalisation", choices=NORMALISATIONS, section="Model")

    def label(self) -> str:
        return f"Temporal CNN {'-'.join(map(str, self.channels))} on {self.window} bars"

    def lookback(self) -> int:
        return self.window

    def network(self, features: int, outputs: int) -> Convolutional:
        return Convolutional(
            features,
            outputs,
            self.channels,
            self.taps,
            self.separable,
            self.activation,
            self.normalisation,
            self.dropout,
        )

    def seconds(self, rows: int, features: int) -> float:
        """Of all epochs, of torch on a CPU. Fitted to the processor time of one core for 2,000 and 4,000 rows with 8
        and 32 features, windows of 20 and 40 bars, 16 and 32 channels: within a factor of two.
        """
        bars, total = rows * self.window, 0.0
        for inputs, units in pairwise((features, *self.channels)):
            products = self.taps * units * (inputs + units) if not self.separable else units * (inputs + units)
            total += bars * (products * 1.1e-10 + (units + inputs) * 3e-8) + -(-rows // self.batch_size) * 2e-3
        return self.epochs * total * (1.6 if self.separable else 1.0)
