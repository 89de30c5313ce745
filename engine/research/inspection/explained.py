"""By which features a model predicts, and whether the measures of that agree."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from engine.market.bars import Floats
from engine.models import Model
from engine.models.preparation import Parts
from engine.models.result import ModelResult
from engine.models.scores import rank_correlation
from engine.research.inspection.result import Agreement

EXPLAINED = 2000
"""Newest rows of a test that are explained."""
_FEWEST = 3


def contributions(model: Model, found: Parts, result: ModelResult) -> tuple[Floats, int]:
    """Mean absolute contributions (features) over the newest rows of every test by the model of its fold, and the
    number of rows; empty and 0 where the model tells none.
    """
    total, count = np.zeros(len(result.features)), 0
    for number, fold in enumerate(result.folds):
        test = found.test(number).processed(fold.processors)
        test = test.where(np.argsort(np.argsort(-test.time.astype(np.int64), kind="stable")) < EXPLAINED)
        own = model.contributions(fold.artifact, test)
        if own is None:
            return np.empty(0), 0
        total, count = total + np.abs(own).sum(axis=0), count + len(own)
    return total / max(count, 1), count


def agreement(measures: Mapping[str, Floats]) -> tuple[Agreement, ...]:
    """Of each pair of ``measures`` (features) that are there; none of fewer than three features."""
    known = {name: values for name, values in measures.items() if len(values) >= _FEWEST and np.isfinite(values).all()}
    return tuple(Agreement(a, b, rank_correlation(known[a], known[b])) for a, b in combinations(known, 2))
