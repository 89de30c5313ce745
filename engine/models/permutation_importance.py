"""Permutation importance on held-out rows: what a model loses of its score when it is told a feature of other rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.market.bars import Floats
from engine.models import call_model, permuting
from engine.models.dataset import Dataset
from engine.models.fitting import TrainedModel
from engine.models.scores import headline, is_predicted
from engine.models.spec import ModelSpec


def permutation_importance(spec: ModelSpec, trained: TrainedModel, test: Dataset) -> Floats:
    """What permuting each feature among the labelled rows of ``test`` costs their headline score, the mean of
    several permutations (Breiman 2001); empty where it would take too much room, or nothing can be scored.

    Every copy of the rows, a feature of it permuted, goes into one matrix: the model is read once.
    """
    rows, count = test.labelled(), test.matrix.shape[1]
    if not permuting.copies(len(rows), count):
        return np.empty(0)
    compact = _compact(rows)
    random = np.random.default_rng([spec.seed, 1])
    copies = [compact.matrix]
    for feature in range(count):
        for _ in range(permuting.REPEATS):
            copy = compact.matrix.copy()
            copy[compact.place, feature] = random.permutation(copy[compact.place, feature])
            copies.append(copy)
    stacked = _stacked(compact, copies)
    prediction = call_model.predict(spec.model, trained.fitted.artifact, stacked)
    scores = [_score(rows, part) for part in np.split(prediction, len(copies))]
    return np.asarray(scores[0] - np.reshape(scores[1:], (count, permuting.REPEATS)).mean(axis=1))


def _score(rows: Dataset, prediction: Floats) -> float:
    known = is_predicted(prediction)
    return headline(rows.task, rows.label[known], prediction[known]) if known.any() else float("nan")


def _compact(rows: Dataset) -> Dataset:
    """``rows`` of a matrix of their own, with a row of NaN wherever others lay between two of them."""
    place = np.arange(len(rows)) + np.concatenate([[0], np.cumsum(np.diff(rows.place) != 1)])
    matrix = np.full((int(place[-1]) + 2, rows.matrix.shape[1]), np.nan)
    matrix[place] = rows.values
    return replace(rows, matrix=matrix, place=place)


def _stacked(rows: Dataset, copies: list[Floats]) -> Dataset:
    """The rows of all copies, one copy after the other; the last row of a matrix belongs to none."""
    count, size = len(copies), len(rows.matrix)
    names = ("time", "symbol", "label", "end", "reach", "known")
    repeated: dict[str, Any] = {name: np.tile(getattr(rows, name), count) for name in names}
    place = (rows.place[None, :] + size * np.arange(count)[:, None]).ravel()
    return replace(rows, matrix=np.concatenate(copies), place=place, weight=None, **repeated)
