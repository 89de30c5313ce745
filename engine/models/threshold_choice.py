"""Measures of a class at thresholds of its probability, and the threshold that the training rows of a fold choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.market.bars import Floats
from engine.models import confusion
from engine.models.dataset import Dataset
from engine.models.out_of_fold import out_of_fold
from engine.models.preparation import Parts
from engine.models.result import ModelResult
from engine.models.scores import is_predicted
from engine.models.spec import ModelSpec

INNER_FOLDS = 3
MOST = 60
"""Thresholds that a grid has at most."""
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02)
_FEWEST = 20
"""Rows that a threshold leaves on either side, to be chosen."""


def grid(probability: Floats) -> Floats:
    """Thresholds from the 1% to the 99% point of the probabilities, evenly spaced by the smallest of a few round steps
    that makes no more than ``MOST``.
    """
    low, high = np.quantile(probability, (0.01, 0.99))
    step = next((step for step in _STEPS if (high - low) / step < MOST - 1), _STEPS[-1])
    found = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    return np.asarray(np.round(found[(found > 0) & (found < 1)], 6))


def measures_at(is_class: Floats, probability: Floats, thresholds: Floats) -> dict[str, Floats]:
    """``confusion.measures`` of calling the class where its probability is at least each of ``thresholds``.

    ``is_class`` is 1 where it is the outcome, else 0.
    """
    order = np.argsort(probability, kind="stable")
    below = np.searchsorted(probability[order], thresholds, side="left")
    found = np.concatenate(([0.0], np.cumsum(is_class[order])))
    missed, positives = found[below], found[-1]
    called = len(order) - below
    right = positives - missed
    matrix = np.stack([below - missed, called - right, missed, right], axis=1).reshape(-1, 2, 2)
    return confusion.measures(matrix.astype(np.float64))


def chosen(is_class: Floats, probability: Floats, thresholds: Floats) -> float:
    """The threshold with the highest Matthews correlation that leaves a few rows on either side; NaN for none."""
    called = len(probability) - np.searchsorted(np.sort(probability), thresholds, side="left")
    able = np.minimum(called, len(probability) - called) >= _FEWEST
    if not able.any():
        return float("nan")
    return float(thresholds[able][measures_at(is_class, probability, thresholds[able])["mcc"].argmax()])


def chosen_in_training(
    spec: ModelSpec, found: Parts, result: ModelResult, thresholds: Floats, progress: Progress
) -> Floats:
    """The threshold that the training rows of each fold ``chosen`` by themselves: models of ``INNER_FOLDS`` inner
    folds predict them out of fold. NaN where they are too few; no row of a test is looked at.
    """
    count, picked = len(found.folds), []
    for number, fold in enumerate(result.folds):
        progress(number / count, f"Choosing a threshold on the training rows of fold {number + 1} of {count}")
        rows = found.train(number).processed(fold.processors)
        picked.append(_chosen(spec, replace(rows, weight=spec.weighting().of(rows)), thresholds))
    return np.array(picked)


def _chosen(spec: ModelSpec, rows: Dataset, thresholds: Floats) -> float:
    try:
        known, predicted = out_of_fold([spec.model], rows, INNER_FOLDS, [spec.seed])
    except DataError:
        return float("nan")
    said = predicted[:, -1]
    able = is_predicted(said)
    return chosen((known.label == len(rows.classes) - 1)[able].astype(np.float64), said[able], thresholds)
