"""Losses of a network's scores, row by row, for any framework."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.labels import Task
from engine.market.bars import Floats
from engine.models.neural.arrays import Array, Arrays
from engine.models.neural.training import Training


@dataclass(frozen=True)
class Loss:
    """The loss of ``training`` for a label of ``task`` with a number of ``classes``.

    Targets are shares: of the second of two classes (rows), of each of several (rows, classes); or standardised numbers
    (rows). Scores are logits (rows, 1 or classes), or numbers (rows, 1).
    """

    training: Training
    task: Task
    classes: int

    @property
    def outputs(self) -> int:
        return self.classes if self.task == "multiclass" else 1

    def targets(self, label: Floats, shift: float = 0.0, scale: float = 1.0) -> NDArray[np.float32]:
        """Targets of class indices, or of numbers of which ``shift`` is taken and ``scale`` divided by."""
        if self.task == "multiclass":
            return np.eye(self.classes, dtype=np.float32)[label.astype(np.int64)]
        return np.asarray((label - shift) / scale if self.task == "regression" else label, dtype=np.float32)

    def smoothed(self, targets: Array) -> Array:
        """Targets of which ``label_smoothing`` is spread over all classes (Szegedy et al. 2016)."""
        share = self.training.label_smoothing
        if not share or self.task == "regression":
            return targets
        return targets * (1 - share) + share / max(self.classes, 2)

    def in_label_units(self, scale: float) -> float:
        """What turns a mean loss of standardised numbers into one of the label's own."""
        if self.task != "regression":
            return 1.0
        return scale**2 if self.training.number_loss in ("mse", "huber") else scale

    def rows(self, arrays: Arrays, scores: Array, targets: Array) -> Array:
        """The loss of each row (rows)."""
        if self.task == "regression":
            return self._of_number(arrays, scores[:, 0] - targets)
        if self.task == "binary":
            return self._of_two(arrays, scores[:, 0], targets)
        logs = scores - scores.logsumexp(1)[:, None]
        if self.training.class_loss == "focal":
            logs = logs * arrays.maximum(1 - logs.exp(), 1e-7) ** self.training.focal_gamma
        return -(targets * logs).sum(1)

    def _of_two(self, arrays: Arrays, logit: Array, share: Array) -> Array:
        if self.training.class_loss == "cross_entropy":
            return arrays.softplus(logit) - logit * share
        gamma, up, down = self.training.focal_gamma, arrays.softplus(-logit), arrays.softplus(logit)
        return share * (-gamma * down).exp() * up + (1 - share) * (-gamma * up).exp() * down

    def _of_number(self, arrays: Arrays, error: Array) -> Array:
        how, training = self.training.number_loss, self.training
        if how == "mse":
            return error * error
        if how == "mae":
            return error.abs()
        if how == "quantile":  # of too low a prediction ``quantile``, of too high a one the rest
            return arrays.maximum(error, 0.0) - training.quantile * error
        size = error.abs()
        near = arrays.minimum(size, training.huber_delta)
        return near * (size - near / 2)
