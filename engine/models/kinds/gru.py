"""Gated recurrent units (Cho et al. 2014)."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.models.neural.arrays import Cell
from engine.models.neural.recurrent_kind import RecurrentKind


@plugin("gru", title="GRU", group="Neural networks", synonyms=("gated recurrent unit", "recurrent", "sequence"))
class Gru(RecurrentKind):
    """Units that decide what to keep of what they said (Cho et al. 2014): fewer weights than an LSTM."""

    name: ClassVar[str] = "GRU"
    cell: ClassVar[Cell] = "gru"

    kind: Literal["gru"] = "gru"
