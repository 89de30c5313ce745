"""Long short-term memory (Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.models.neural.arrays import Cell
from engine.models.neural.recurrent_kind import RecurrentKind


@plugin("lstm", title="LSTM", group="Neural networks", synonyms=("long short-term memory", "recurrent", "sequence"))
class Lstm(RecurrentKind):
    """Units that keep a memory cell through gates (Hochreiter and Schmidhuber 1997)."""

    name: ClassVar[str] = "LSTM"
    cell: ClassVar[Cell] = "lstm"

    kind: Literal["lstm"] = "lstm"
