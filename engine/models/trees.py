"""Decision trees as arrays of their nodes, and the walk of rows from the roots to the leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models.symbol import Symbol

LEAF = -1
_KINDS: Mapping[str, type] = {
    "feature": np.int32, "threshold": np.float64, "left": np.int32, "right": np.int32, "value": np.float64,
    "cover": np.float32,
}  # fmt: skip
_DAMAGED = "The trees of this model are damaged and cannot be followed: train it again."


@dataclass(frozen=True, eq=False)
class Trees:
    """Nodes of all trees, one tree after another; ``root`` int64 is the number of each tree's first node.

    Of each node: ``feature`` int32, ``LEAF`` where it has no children; ``threshold`` float64, up to which (itself
    included) a value goes to ``left`` and beyond which to ``right``, both int32 and counted from the root; ``value``
    float64 (nodes, outputs). ``cover`` float32 is how much the training rows that came to a node counted, empty in
    models of before it was kept.
    """

    root: NDArray[np.int64]
    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    cover: NDArray[np.float32]

    @classmethod
    def joined(cls, trees: Sequence[Mapping[str, NDArray[Any]]]) -> Trees:
        """Trees of which each is given by the arrays of its nodes, by the names of the fields."""
        sizes = [len(tree["feature"]) for tree in trees]
        nodes: dict[str, Any] = {
            name: np.concatenate([np.asarray(tree[name], dtype=kind) for tree in trees])
            for name, kind in _KINDS.items()
        }
        return cls(root=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64), **nodes)

    @classmethod
    def stored(cls, tensors: Mapping[str, NDArray[Any]]) -> Trees:
        """Those of ``tensors``. Raises ``DataError`` where they are no trees: a walk would leave them, or never end."""
        held = {"cover": np.empty(0, dtype=np.float32), **tensors}
        if any(field.name not in held for field in fields(cls)):
            raise DataError(_DAMAGED)
        found = cls(**{field.name: held[field.name] for field in fields(cls)})
        if not found._are_trees():
            raise DataError(_DAMAGED)
        return found

    def _are_trees(self) -> bool:
        """Whether all arrays have a row for each node, and each node's children come after it in its tree."""
        count = len(self.feature)
        nodes = (self.feature, self.threshold, self.left, self.right)
        if any(array.shape != (count,) for array in nodes) or self.value.ndim != 2 or len(self.value) != count:
            return False
        if self.cover.shape not in ((0,), (count,)) or not (np.isfinite(self.cover) & (self.cover >= 0)).all():
            return False
        stop = np.append(self.root[1:], count)
        if not len(self.root) or self.root[0] != 0 or (stop <= self.root).any():
            return False
        size = stop - self.root
        own = np.arange(count) - np.repeat(self.root, size)
        inner = self.feature != LEAF
        ends = np.repeat(size, size)[inner]
        children = np.stack([self.left[inner], self.right[inner]])
        return bool((self.feature >= LEAF).all() and (children > own[inner]).all() and (children < ends).all())

    def tensors(self) -> dict[str, NDArray[Any]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def walk_seconds(rows: int, trees: int, leaves: float) -> float:
        """Roughly how long ``values`` takes on one core. Fitted to 20,000 to 200,000 rows and 8 to 300 leaves."""
        return rows * trees * 4e-8 * float(np.log2(max(leaves, 2.0)))

    def values(self, rows: NDArray[Any]) -> Iterator[Floats]:
        """Of each tree the values (rows, outputs) of the leaves that ``rows`` (rows, features) end in."""
        for root in self.root:
            yield self.value[self._leaves(int(root), rows)]

    def traced(self, x: Symbol, baseline: Floats, weight: float = 1.0) -> Symbol:
        """The ``baseline`` of each output and ``weight`` times the sum of ``values`` of the rows ``x`` float64."""
        return x.tree_scores(self.tensors(), baseline, weight)

    def _leaves(self, root: int, rows: NDArray[Any]) -> NDArray[np.int64]:
        node = np.full(len(rows), root, dtype=np.int64)
        walking = np.arange(len(rows))
        while len(walking):
            at = node[walking]
            inner = self.feature[at] != LEAF
            walking, at = walking[inner], at[inner]
            goes_left = rows[walking, self.feature[at]] <= self.threshold[at]
            node[walking] = root + np.where(goes_left, self.left[at], self.right[at])
        return node
