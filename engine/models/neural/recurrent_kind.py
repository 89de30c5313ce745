"""Shared parts of the recurrent kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from engine.core.spec import parameter
from engine.models.neural.arrays import Cell
from engine.models.neural.kind import Neural
from engine.models.neural.networks.base import Normalisation
from engine.models.neural.networks.recurrent import GATES, Recurrent
from engine.models.neural.shape import NORMALISATIONS, Layers, layers, window

_MULTIPLY, _CALL = 1.1e-10, 1.6e-4
_UNIT: dict[Cell, float] = {"rnn": 2e-8, "lstm": 2e-8, "gru": 6e-8}
"""Seconds of a product forward and backward, of a batch at a bar, and of a unit at a bar, on a core."""


class RecurrentKind(Neural):
    """A network that reads the bars of a window one after another, from the past to the present."""

    name: ClassVar[str]
    cell: ClassVar[Cell]

    units: Layers = layers((32,))
    window: int = window(20)
    normalisation: Normalisation = parameter(
        "none", title="Normalisation", help="After each layer.", choices=NORMALISATIONS, section="Model"
    )

    @model_validator(mode="before")
    @classmethod
    def _reads_forwards(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("bidirectional"):
            raise ValueError(
                "A bidirectional layer reads bars from the future to the past, so each bar would be told what comes "
                "after it: leave bidirectional out."
            )
        return values

    def label(self) -> str:
        return f"{self.name} {'-'.join(map(str, self.units))} on {self.window} bars"

    def lookback(self) -> int:
        return self.window

    def network(self, features: int, outputs: int) -> Recurrent:
        return Recurrent(features, outputs, self.cell, self.units, self.normalisation, self.dropout)

    def seconds(self, rows: int, features: int) -> float:
        """Of all epochs, of torch on a CPU. Fitted to the processor time of one core for 1,000 to 4,000 rows with 2 to
        32 features, windows of 20 and 40 bars, 32 and twice 64 units: within a factor of two.
        """
        return self.epochs * recurrent_seconds(self.cell, self.units, self.window, rows, features, self.batch_size)


def recurrent_seconds(cell: Cell, units: Layers, window: int, rows: int, features: int, batch: int) -> float:
    """Of an epoch, on one core."""
    total, inputs = 0.0, features
    for width in units:
        products = GATES[cell] * width * (inputs + width)
        total += window * (rows * (products * _MULTIPLY + width * _UNIT[cell]) + -(-rows // batch) * _CALL)
        inputs = width
    return total
