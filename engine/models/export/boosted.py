"""Boosted trees as nodes of a graph."""

from __future__ import annotations

from engine.labels import Task
from engine.models.artifact import Artifact, to_tensors
from engine.models.boosting import BASELINE
from engine.models.export.links import linked
from engine.models.export.symbol import Symbol
from engine.models.export.trees import tree_scores
from engine.models.trees import Trees


def traced(artifact: Artifact, x: Symbol, task: Task) -> Symbol:
    """What ``boosting.predicted`` says of an artifact of ``boosting.kept``."""
    tensors = to_tensors(artifact)
    return linked(task, tree_scores(Trees.stored(tensors), x, tensors[BASELINE]))
