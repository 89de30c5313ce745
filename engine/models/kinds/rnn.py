"""Recurrent network with tanh units (Elman 1990)."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.models.neural.arrays import Cell
from engine.models.neural.recurrent_kind import RecurrentKind


@plugin("rnn", title="RNN", group="Neural networks", synonyms=("elman", "recurrent", "sequence"))
class Rnn(RecurrentKind):
    """The Elman network: tanh units that see the features and what they said a bar before (Elman 1990)."""

    name: ClassVar[str] = "RNN"
    cell: ClassVar[Cell] = "rnn"

    kind: Literal["rnn"] = "rnn"
