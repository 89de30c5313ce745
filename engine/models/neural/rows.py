"""Rows that a network is trained on or tested by: windows gathered batch by batch, with targets and weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models.dataset import Dataset, Indices
from engine.models.neural.arrays import Array, Arrays
from engine.models.neural.losses import Loss
from engine.models.scaling import Scaling

RESIDENT = 2**29
"""Bytes of scaled features that are kept on the device; larger ones are scaled batch by batch from the matrix."""
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows (rows, window, features), their targets, and their weights or None, on the device."""

    values: Array
    targets: Array
    weight: Array | None

    def __len__(self) -> int:
        return len(self.values)


class Gathered:
    """The windows of ``data``, float32 and scaled. Nothing is copied but the windows of a batch, and the rows of the
    matrix that windows touch, once, if they are not too large.
    """

    def __init__(self, data: Dataset, window: int, scaling: Scaling, arrays: Arrays) -> None:
        self.windows = data.windows(window)
        self._matrix, self._steps = data.matrix, np.arange(window, dtype=np.int64)
        self._scaling, self._arrays = scaling, arrays

    def __len__(self) -> int:
        return len(self.windows)

    def values(self, rows: Indices | slice) -> Array:
        """Some of the windows, on the device."""
        return (
            self._arrays.place(self.on_host(rows))
            if self._table is None
            else self._arrays.rows(self._table, self._index(rows) - self._first)
        )

    def on_host(self, rows: Indices | slice) -> NDArray[np.float32]:
        """Some of the windows, in the memory of this process, scaled from the matrix."""
        index = self._index(rows)
        return self._scaling.apply(self._matrix.take(index.ravel(), axis=0)).reshape(*index.shape, -1)

    def _index(self, rows: Indices | slice) -> Indices:
        return self.windows.start[rows, None] + self._steps

    @cached_property
    def _first(self) -> int:
        return int(self.windows.start.min())

    @cached_property
    def _table(self) -> Array | None:
        """The rows from the first to the last that a window touches, scaled, on the device; None if too large."""
        features = self._matrix.shape[1]
        count = int(self.windows.start.max()) + len(self._steps) - self._first
        if count * features * 4 > RESIDENT:
            return None
        table = np.empty((count, features), dtype=np.float32)
        for start in range(0, count, _BLOCK):
            part = slice(start, min(start + _BLOCK, count))
            table[part] = self._scaling.apply(self._matrix[self._first + part.start : self._first + part.stop])
        return self._arrays.place(table)


class Rows:
    """The windows of ``data`` with the labels that they end at. Raises ``DataError`` where there is none."""

    def __init__(self, data: Dataset, window: int, loss: Loss, scaling: Scaling, arrays: Arrays) -> None:
        self.scaling, self._window, self._loss = scaling, window, loss
        self._gathered = Gathered(data, window, scaling, arrays)
        if not len(self._gathered):
            raise DataError(
                f"No window of {window} bars fits into the {len(data):,} rows without a gap: choose a shorter "
                "window or a longer range of days."
            )
        row, self._arrays = self._gathered.windows.row, arrays
        self._targets = loss.targets(data.label[row], *scaling.label)
        self._weight = _weights(data, row, loss)
        self.total_weight = float(len(row) if self._weight is None else self._weight.sum(dtype=np.float64))

    def __len__(self) -> int:
        return len(self._gathered)

    def alike(self, data: Dataset) -> Rows:
        """Those of other ``data``, scaled as these."""
        return Rows(data, self._window, self._loss, self.scaling, self._arrays)

    def batch(self, rows: Indices) -> Batch:
        """The windows with these numbers."""
        weight = None if self._weight is None else self._arrays.place(self._weight[rows])
        return Batch(self._gathered.values(rows), self._arrays.place(self._targets[rows]), weight)

    def parts(self, size: int, order: Indices | None = None) -> Iterator[Indices]:
        """Numbers of windows, ``size`` at a time, in an ``order``."""
        order = np.arange(len(self)) if order is None else order
        for start in range(0, len(order), size):
            yield order[start : start + size]


def _weights(data: Dataset, row: Indices, loss: Loss) -> NDArray[np.float32] | None:
    """Weights of 1 in the mean: what is beside the loss, such as L1, stays as strong against it."""
    weight = None if data.weight is None else data.weight[row]
    if loss.training.class_weights == "balanced" and data.task != "regression":
        balanced = _balanced(data.label[row].astype(np.int64), loss.classes)
        weight = balanced if weight is None else weight * balanced
    return None if weight is None else np.asarray(weight / weight.mean(), dtype=np.float32)


def _balanced(label: Indices, classes: int) -> Floats:
    """The same sum for each class that there is, 1 in the mean."""
    count = np.bincount(label, minlength=classes)
    return np.asarray(len(label) / ((count > 0).sum() * count[label]))


def mixed(batch: Batch, arrays: Arrays, alpha: float, random: np.random.Generator) -> Batch:
    """Each row with a share of another of the batch (mixup; Zhang et al. 2018)."""
    share, order = float(random.beta(alpha, alpha)), arrays.place(random.permutation(len(batch)))

    def mix(values: Array) -> Array:
        return share * values + (1 - share) * values[order]

    weight = None if batch.weight is None else mix(batch.weight)
    return Batch(mix(batch.values), mix(batch.targets), weight)
