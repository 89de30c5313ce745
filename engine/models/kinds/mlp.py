"""Multi-layer perceptron, for every task, on one bar or on a window of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.neural.arrays import Activation
from engine.models.neural.kind import Neural
from engine.models.neural.networks.base import Normalisation
from engine.models.neural.networks.perceptron import Perceptron
from engine.models.neural.shape import ACTIVATIONS, NORMALISATIONS, window


@plugin("mlp", title="MLP", group="Neural networks", synonyms=("neural network", "feed-forward", "dense"))
class Mlp(Neural):
    """Fully connected layers on all values of a window."""

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=8)] = parameter(
        (32, 16), title="Hidden layers", help="Units in each, such as 64, 32; empty is a linear model.", section="Model"
    )
    window: int = window(1)
    activation: Activation = parameter("relu", title="Activation", choices=ACTIVATIONS, section="Model")
    normalisation: Normalisation = parameter("none", title="Normalisation", choices=NORMALISATIONS, section="Model")

    def label(self) -> str:
        layers = "-".join(map(str, self.hidden)) or "linear"
        return f"MLP {layers}" + (f" on {self.window} bars" if self.window > 1 else "")

    def lookback(self) -> int:
        return self.window

    def network(self, features: int, outputs: int) -> Perceptron:
        return Perceptron(
            features, self.window, outputs, self.hidden, self.activation, self.normalisation, self.dropout
        )

    def seconds(self, rows: int, features: int) -> float:
        """Of all epochs. Fitted to the processor time of one core for 1,000 to 50,000 rows with 2 to 32 features,
        windows of 1 to 50 bars, none to 256 and 128 hidden units, batches of 32 to 2,048: within a factor of two.
        """
        widths = (features * self.window, *self.hidden, 1)
        weights = sum(one * other for one, other in pairwise(widths))
        steps = -(-rows // self.batch_size) * (len(widths) - 1) * 3.1e-4
        return self.epochs * (steps + rows * (7e-7 + 9.2e-9 * widths[0] + 7.9e-11 * weights))
