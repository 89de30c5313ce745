"""What scores become, as nodes of a graph."""

from __future__ import annotations

from engine.labels import Task
from engine.models.export.symbol import Symbol


def linked(task: Task, score: Symbol) -> Symbol:
    """Predictions from scores (rows, outputs): log odds of the second of two classes, one for each of several up to a
    constant, or the number itself.
    """
    if task == "multiclass":
        return score.elementwise("Softmax", axis=-1)
    return score[:, 0].elementwise("Sigmoid") if task == "binary" else score[:, 0]
