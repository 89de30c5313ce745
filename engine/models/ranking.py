"""Measures of how predictions rank outcomes, of many weightings of the rows at once.

``weight`` float64 is (samples, rows), not negative: how often each row occurs in each sample of a bootstrap, or ones. A
measure is (samples), NaN where it is not defined; with whole numbers it is that of the rows repeated so often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats

FIFTH = 0.2
_FLAT = 1e-28
"""Variance relative to the mean square that is but the rounding of a constant."""


def areas(rises: Floats, score: Floats, weight: Floats) -> Floats:
    """Area under the ROC curve from the rank sum (Mann-Whitney), ties counting half; ``rises`` is 0 or 1."""
    up, down = _by_value(score, rises * weight, (1 - rises) * weight)
    ranked_below = np.cumsum(down, axis=1) - down / 2
    return _ratio((up * ranked_below).sum(axis=1), up.sum(axis=1) * down.sum(axis=1))


def average_precisions(rises: Floats, score: Floats, weight: Floats) -> Floats:
    """Mean of the precision at each threshold, weighted by the recall that it adds: the area under the precision-recall
    curve as steps.
    """
    up, down = (part[:, ::-1] for part in _by_value(score, rises * weight, (1 - rises) * weight))
    found = np.cumsum(up, axis=1)
    return _ratio((up * _ratio(found, found + np.cumsum(down, axis=1), 0.0)).sum(axis=1), up.sum(axis=1))


def correlations(first: Floats, second: Floats, weight: Floats) -> Floats:
    """Pearson's correlation; NaN where either never changes. Either may differ by sample, (samples, rows)."""
    total = weight.sum(axis=1, keepdims=True)
    one, other = (values - (weight * values).sum(axis=1, keepdims=True) / total for values in (first, second))
    squares = [(weight * part**2).sum(axis=1) for part in (one, other)]
    flat = [
        square <= _FLAT * (weight * values**2).sum(axis=1)
        for square, values in zip(squares, (first, second), strict=True)
    ]
    found = _ratio((weight * one * other).sum(axis=1), np.sqrt(squares[0] * squares[1]))
    found[flat[0] | flat[1]] = np.nan
    return found


def ranks(values: Floats, weight: Floats) -> Floats:
    """Ranks from 1 on (samples, rows); ties share the mean of their ranks."""
    group = np.unique(values, return_inverse=True)[1]
    (count,) = _by_value(values, weight)
    return np.asarray((np.cumsum(count, axis=1) - (count - 1) / 2)[:, group])


def rank_correlations(first: Floats, second: Floats, weight: Floats) -> Floats:
    """Spearman's correlation; NaN where either never changes."""
    return correlations(ranks(first, weight), ranks(second, weight), weight)


def long_short(score: Floats, returns: Floats, weight: Floats) -> Floats:
    """Mean return of the rows in the top fifth by ``score`` less that of the bottom fifth, by mean ranks; NaN where
    ties leave either empty.
    """
    place = (ranks(score, weight) - 0.5) / weight.sum(axis=1, keepdims=True)
    top, bottom = (place > 1 - FIFTH) * weight, (place < FIFTH) * weight
    return _ratio((top * returns).sum(axis=1), top.sum(axis=1)) - _ratio(
        (bottom * returns).sum(axis=1), bottom.sum(axis=1)
    )


def roc_curve(rises: Floats, score: Floats) -> tuple[Floats, Floats]:
    """False positive rate and true positive rate at each threshold, from the highest score down, from (0, 0) on."""
    up, down = _from_the_top(rises, score)
    return down / max(down[-1], 1.0), up / max(up[-1], 1.0)


def precision_recall_curve(rises: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Recall and precision at each threshold, from the highest score down."""
    up, down = (part[1:] for part in _from_the_top(rises, score))
    return up / max(up[-1], 1.0), up / (up + down)


def _from_the_top(rises: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Rows that rose, and that did not, with a score at or above each threshold; the first is above all."""
    once = np.ones((1, len(score)))
    parts = _by_value(score, rises * once, (1 - rises) * once)
    up, down = (np.concatenate([[0.0], np.cumsum(part[0, ::-1])]) for part in parts)
    return up, down


def _by_value(values: Floats, *weights: Floats) -> tuple[Floats, ...]:
    """Sums of each of ``weights`` (samples, distinct values) over the rows of one value, ascending."""
    order = np.argsort(values, kind="stable")
    starts: NDArray[np.intp] = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    return tuple(np.add.reduceat(weight[:, order], starts, axis=1) for weight in weights)


def _ratio(above: Floats, below: Floats, otherwise: float = np.nan) -> Floats:
    """``above`` divided by ``below``, ``otherwise`` where that is zero."""
    found: Floats = np.divide(above, below, out=np.full(np.shape(above), otherwise), where=below > 0)
    return found
