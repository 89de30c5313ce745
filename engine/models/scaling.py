"""Standardisation of features and labels, fitted on training rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats
from engine.models.dataset import Dataset

_BLOCK = 2**20
"""Values that are held in one copy at a time."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """``mean`` and ``scale`` of each feature; ``label``, what is taken from a number to be predicted and what the rest
    is divided by, (0, 1) for classes. All float64.
    """

    mean: Floats
    scale: Floats
    label: Floats

    @classmethod
    def of(cls, train: Dataset) -> Scaling:
        """That of the rows of ``train``, block by block."""
        count, features = max(len(train), 1), train.matrix.shape[1]
        mean = sum((block.sum(axis=0) for block in _blocks(train)), np.zeros(features)) / count
        squares = sum((((block - mean) ** 2).sum(axis=0) for block in _blocks(train)), np.zeros(features))
        deviation = np.sqrt(squares / count)
        label = np.array([0.0, 1.0])
        if train.task == "regression":
            of_label = float(train.label.std())
            label = np.array([train.label.mean(), of_label if of_label > 0 else 1.0])
        return cls(mean, np.where(deviation > 0, deviation, 1.0), label)

    @classmethod
    def stored(cls, tensors: Mapping[str, NDArray[Any]]) -> Scaling:
        return cls(tensors["mean"], tensors["scale"], tensors["label"])

    def tensors(self) -> dict[str, Floats]:
        return {"mean": self.mean, "scale": self.scale, "label": self.label}

    def apply(self, values: Floats) -> NDArray[np.float32]:
        return np.asarray((values - self.mean) / self.scale, dtype=np.float32)


def _blocks(train: Dataset) -> Iterator[Floats]:
    rows = max(_BLOCK // max(train.matrix.shape[1], 1), 1)
    for start in range(0, len(train), rows):
        yield train.matrix[train.place[start : start + rows]]
