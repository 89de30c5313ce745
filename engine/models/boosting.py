"""Boosted trees at rest: the nodes of all rounds, and what is added to their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.labels import Task
from engine.market.bars import Floats
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol
from engine.models.trees import Trees

BASELINE = "baseline"


def kept(trees: Trees, baseline: Sequence[float] | Floats) -> Artifact:
    """``trees`` in the order of their rounds, each of one output, in turn that of each class, or of all of them; and
    the ``baseline`` of each output, to which their values are added.
    """
    return from_tensors(trees.tensors() | {BASELINE: np.asarray(baseline, dtype=np.float64)})


def predicted(artifact: Artifact, data: Dataset, rows: NDArray[Any]) -> Floats:
    """What an artifact of ``kept`` predicts for ``data``, whose values are compared with thresholds as ``rows``."""
    tensors = to_tensors(artifact)
    baseline = tensors[BASELINE]
    score = np.tile(baseline, (len(rows), 1))
    for number, value in enumerate(Trees.stored(tensors).values(rows)):
        if value.shape[1] == len(baseline):
            score += value
        else:
            score[:, number % len(baseline)] += value[:, 0]
    return linked(data.task, score)


def traced(artifact: Artifact, x: Symbol, task: Task) -> Symbol:
    """``predicted`` of the rows ``x`` as a graph."""
    tensors = to_tensors(artifact)
    return Trees.stored(tensors).traced(x, tensors[BASELINE]).linked(task)


def linked(task: Task, score: Floats) -> Floats:
    """Predictions of ``task`` from scores (rows, outputs): log odds of the second of two classes, one for each of
    several up to a constant, or the number itself.
    """
    from scipy.special import expit, softmax

    if task == "multiclass":
        return np.asarray(softmax(score, axis=1))
    return np.asarray(expit(score[:, 0]) if task == "binary" else score[:, 0])
