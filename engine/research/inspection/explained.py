"""By which features a model predicts, and whether the measures of that agree."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.market.bars import Floats
from engine.models import EXPLAINED, Model
from engine.models.preparation import Parts
from engine.models.result import ModelResult
from engine.models.scores import rank_correlation
from engine.research.inspection.result import Agreement

_FEWEST = 3


def contributions(
    model: Model, found: Parts, result: ModelResult, progress: Progress = silent
) -> tuple[Floats, int, str]:
    """Mean absolute contributions (features) over the newest rows of every test by the model of its fold, and the
    number of rows; empty, 0 and the reason where the model tells none.
    """
    total, count = np.zeros(len(result.features)), 0
    try:
        for number, fold in enumerate(result.folds):
            progress(number / len(result.folds), f"Explaining predictions of fold {number + 1}")
            test = found.test(number).processed(fold.processors)
            most = min(model.explainable(fold.artifact), EXPLAINED)
            test = test.where(np.argsort(np.argsort(-test.time.astype(np.int64), kind="stable")) < most)
            own = model.contributions(fold.artifact, test)
            total, count = total + np.abs(own).sum(axis=0), count + len(own)
    except DataError as error:
        return np.empty(0), 0, str(error)
    return total / max(count, 1), count, ""


def agreement(measures: Mapping[str, Floats]) -> tuple[Agreement, ...]:
    """Of each pair of ``measures`` (features) that are there; none of fewer than three features."""
    known = {name: values for name, values in measures.items() if len(values) >= _FEWEST and np.isfinite(values).all()}
    return tuple(Agreement(a, b, rank_correlation(known[a], known[b])) for a, b in combinations(known, 2))
