"""Certificate of a graph: that it predicts as the model does, and what its eight-bit weights cost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

TOLERANCE = 1e-5
"""What a prediction may differ by: a probability by itself, a number as a part of the largest one."""


class Certificate(BaseModel):
    """A graph against the ``model`` that it was written from, on the ``rows`` of its last test from ``start`` to
    ``end`` (ISO times of bars).

    The graph takes ``features`` in their order, float64, ``window`` bars of each, after the ``processors_before`` were
    applied to them, and applies ``processors_within`` itself. ``worst`` is the largest difference of a prediction from
    the model's, at ``worst_symbol`` and ``worst_time``, where they say ``worst_model`` and ``worst_graph``;
    ``on_thresholds`` counts the rows whose prediction changes by more than the tolerance where the features move by the
    last bit of a float32: those that programs which compute in float32 may predict otherwise.

    ``scores`` are those called ``headline`` on the ``scored`` rows with a known label, and ``sizes`` bytes, both of
    "model", "onnx" and, where there is one, "int8"; ``int8_worst`` is the largest difference of that. A sha256 is in
    ``hashes`` of each. ``in_sample`` says that the model was trained on these rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str
    run: str
    task: str
    classes: tuple[str, ...]
    features: tuple[str, ...]
    window: int
    processors_before: tuple[str, ...] = ()
    processors_within: tuple[str, ...] = ()
    rows: int
    scored: int
    start: str
    end: str
    in_sample: bool = False
    tolerance: float = TOLERANCE
    worst: float
    worst_symbol: str
    worst_time: str
    worst_model: float
    worst_graph: float
    on_thresholds: int
    headline: str
    scores: dict[str, float | None]
    sizes: dict[str, int]
    hashes: dict[str, str]
    int8_worst: float | None = None
    int8_refused: str = ""
    opset: int
    libraries: dict[str, str]

    def sentences(self) -> tuple[str, ...]:
        """What to know before the graph is used."""
        found = [
            f"{self.model}: on {self.rows:,} rows from {self.start[:10]} to {self.end[:10]} no prediction differs by "
            f"more than {_power(self.worst)} from the model's; {_power(self.tolerance)} is allowed"
            + (", as a part of the largest number." if self.task == "regression" else ".")
        ]
        if self.in_sample:
            found.append("The model was trained on these rows: its scores on them say nothing of its worth.")
        if self.on_thresholds:
            found.append(
                f"{self.on_thresholds:,} of them lie on thresholds of trees, or within the last bit of a float32: "
                "compute and pass the features in float64, or these are predicted otherwise."
            )
        if self.processors_before:
            found.append(f"Apply before it, as fitted with the model: {', '.join(self.processors_before)}.")
        if self.int8_refused:
            found.append(self.int8_refused)
        elif self.int8_worst is not None:
            found.append(
                "In eight bits a prediction depends a little on the rows that are asked with it: it was asked row by "
                f"row here, and the largest difference is {_power(self.int8_worst)}."
            )
        return tuple(found)


def _power(value: float) -> str:
    return f"{value:.2g}".replace("e-0", "e-")
