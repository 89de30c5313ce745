"""Recurrent network that is read through attention to all bars of its window (Bahdanau et al. 2015)."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Floats
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset
from engine.models.neural.arrays import Cell
from engine.models.neural.networks.recurrent import Recurrent
from engine.models.neural.recurrent_kind import RecurrentKind, recurrent_seconds


@plugin(
    "attention_rnn", title="Attention RNN", group="Neural networks", synonyms=("attention", "recurrent", "sequence")
)
class AttentionRnn(RecurrentKind):
    """A recurrent network that predicts from an average of what it says at the bars of a window; the weight of each bar
    in it follows from what is said there, and can be looked at.
    """

    name: ClassVar[str] = "Attention RNN"
    cell: ClassVar[Cell] = "gru"
    measured_as: ClassVar[str] = "attention"

    kind: Literal["attention_rnn"] = "attention_rnn"
    units_of: Cell = parameter(
        "gru", title="Cell", choices={"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}, section="Model"
    )

    def network(self, features: int, outputs: int) -> Recurrent:
        made = Recurrent(features, outputs, self.units_of, self.units, self.normalisation, self.dropout)
        return replace(made, pooling="attention")

    def attention(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        """The weight of each bar of its window in the prediction of each row of ``data`` (rows, window), the oldest bar
        first, 1 in the sum; NaN where a row has no window.
        """
        network = self.network(data.matrix.shape[1], self.loss(data).outputs)
        return self.evaluated(artifact, data, device, network.attention, self.window)

    def seconds(self, rows: int, features: int) -> float:
        """Of all epochs, of torch on a CPU, within a factor of two as that of other recurrent networks."""
        size = self.batch_size
        return 1.3 * self.epochs * recurrent_seconds(self.units_of, self.units, self.window, rows, features, size)
