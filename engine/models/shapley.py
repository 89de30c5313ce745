"""Contributions of features to what trees predict: exact Shapley values of the walk from the roots to the leaves.

Where a feature is not known the walk goes on to both children, by the training rows that went to each (the
path-dependent values of Lundberg et al. 2020). Of a leaf with the value v and the features of its path, feature i
contributes

    v (o_i - z_i) integral over t from 0 to 1 of the product over the other features j of o_j t + z_j (1 - t)

where o_j is 1 if the row agrees with all that the path asks of j, else 0, and z_j the share of training rows that do:
the integral is the mean over the orders in which features become known. As a polynomial in t it is integrated exactly
by Gauss and Legendre's rule, for all rows at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models.trees import LEAF, Trees

_EFFORT = 2e8
"""Products of one value of a row that take a few seconds."""
_TOGETHER = 1_000_000
"""Values of rows, leaves and features that are held at once."""
_LEAST = 1e-9
"""Share of training rows below which nothing is told from none."""


@dataclass(frozen=True, eq=False)
class _Paths:
    """Of each leaf of a tree (features of a path, leaves) the ``feature``, the interval above ``low`` and up to
    ``high``, NaN where it is open, and the ``share`` of training rows that take this way; and each leaf's ``value``.
    Shorter paths end in features that nothing is asked of.
    """

    feature: NDArray[np.int64]
    low: Floats
    high: Floats
    share: Floats
    value: Floats

    @property
    def points(self) -> int:
        """Of the rule that is exact for the degree of the polynomials."""
        return -(-len(self.feature) // 2)

    @property
    def effort(self) -> int:
        return self.feature.size * self.points


def explainable(trees: Trees, outputs: int) -> int:
    """The rows whose contributions to the last of ``outputs`` take a few seconds at most. Raises ``DataError`` as
    ``contributions`` does.
    """
    features = int(trees.feature.max(initial=0)) + 1
    return int(_EFFORT / max(sum(paths.effort for paths in _paths(trees, outputs, features)), 1))


def contributions(trees: Trees, rows: NDArray[np.floating], outputs: int) -> Floats:
    """Of each feature to the sum of what ``trees`` say of the last of ``outputs``, (rows, features): each row's add up
    to that sum less its mean over the training rows. Raises ``DataError`` where it is not known how many these were.
    """
    found = np.zeros(rows.shape)
    for paths in _paths(trees, outputs, rows.shape[1]):
        size = max(_TOGETHER // paths.feature.size, 1)
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            for feature, own in zip(paths.feature, _of_leaves(paths, rows[part]), strict=True):
                found[part] += own @ np.eye(rows.shape[1])[feature]
    return found


def _of_leaves(paths: _Paths, rows: NDArray[np.floating]) -> Floats:
    """What each feature of each path contributes, (features of a path, rows, leaves)."""
    given = np.moveaxis(rows[:, paths.feature], 0, 1)
    low, high, share = (part[:, None] for part in (paths.low, paths.high, paths.share))
    agrees = (np.isnan(high) | (given <= high)) & ~(given <= low)
    places, weights = np.polynomial.legendre.leggauss(paths.points)
    total = np.zeros(given.shape)
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        factor = np.where(agrees, place + share * (1 - place), share * (1 - place))
        total += weight * factor.prod(axis=0) / factor
    return np.asarray(total * (agrees - share) * paths.value)


def _paths(trees: Trees, outputs: int, features: int) -> Iterator[_Paths]:
    """Those of the trees that say something of the last output."""
    if not len(trees.cover):
        raise DataError(
            "This model was kept without the numbers of rows that its leaves were grown on, from which contributions "
            "follow: train it again."
        )
    own = trees.value.shape[1]
    stop = np.append(trees.root[1:], len(trees.feature))
    for number in range(0 if own > 1 else outputs - 1, len(trees.root), 1 if own > 1 else outputs):
        found = _of_tree(trees, int(trees.root[number]), int(stop[number]), features)
        if found is not None:
            yield found


def _of_tree(trees: Trees, root: int, stop: int, features: int) -> _Paths | None:
    """The paths of a tree; None of one without a split."""
    feature, cover = trees.feature[root:stop], trees.cover[root:stop].astype(np.float64)
    leaf = np.flatnonzero(feature == LEAF)
    if len(leaf) == len(feature):
        return None
    parent, is_left = _parents(trees, root, stop)
    low, high = np.full((len(leaf), features), np.nan), np.full((len(leaf), features), np.nan)
    share, asked = np.ones((len(leaf), features)), np.zeros((len(leaf), features), dtype=bool)
    at, walking = leaf, np.arange(len(leaf))
    while len(walking):
        above = parent[at]
        place = (walking, feature[above])
        asked[place] = True
        share[place] *= np.maximum(cover[at] / np.maximum(cover[above], 1e-300), _LEAST)
        limit, left = trees.threshold[root:stop][above], is_left[at]
        high[place] = np.where(left, np.fmin(high[place], limit), high[place])
        low[place] = np.where(left, low[place], np.fmax(low[place], limit))
        goes_on = above > 0
        at, walking = above[goes_on], walking[goes_on]
    order = np.argsort(~asked, axis=1, kind="stable")[:, : int(asked.sum(axis=1).max())]
    low, high, share = (np.take_along_axis(part, order, axis=1).T for part in (low, high, share))
    return _Paths(order.T, low, high, share, trees.value[root:stop][leaf, -1])


def _parents(trees: Trees, root: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each node but the root the one above, and whether it is the left child."""
    inner = np.flatnonzero(trees.feature[root:stop] != LEAF)
    parent, is_left = np.zeros(stop - root, dtype=np.int64), np.zeros(stop - root, dtype=bool)
    for children, left in ((trees.left, True), (trees.right, False)):
        child = children[root:stop][inner]
        parent[child], is_left[child] = inner, left
    return parent, is_left
