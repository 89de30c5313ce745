"""Predictions of training rows by models that have not seen them, and what they say of the models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models import Model, call_model
from engine.models.dataset import Dataset
from engine.models.fitting import VALIDATION_FRACTION, require_trainable
from engine.models.scores import headline
from engine.models.splits.fold import Timeline
from engine.models.splits.intervals import forward, groups, latest


def out_of_fold(models: Sequence[Model], rows: Dataset, folds: int, seeds: Sequence[int]) -> tuple[Dataset, Floats]:
    """The rows of ``rows`` that every model predicts out of fold, and the predictions, float64 (rows, outputs of all
    models): a column a model, of several classes one for each.

    The rows are cut in time into ``folds`` + 1 groups of about as many. Each but the first is predicted by models
    trained on the rows before it whose labels end before it begins, and stopped, where they are, by the latest of
    these. Raises ``DataError`` where a fold is too small.
    """
    timeline = Timeline(rows.time, rows.symbol, rows.end, ())
    shape = (len(rows), len(models) * (len(rows.classes) if rows.task == "multiclass" else 1))
    found = np.full(shape, np.nan)
    for number, (start, stop) in enumerate(groups(timeline, folds + 1)[1:]):
        fold = forward(timeline, start, stop, 0)
        train, test = rows.where(fold.train), rows.where(fold.test)
        try:
            found[fold.test] = np.column_stack(
                [_predicted(model, train, test, seed) for model, seed in zip(models, seeds, strict=True)]
            )
        except DataError as error:
            raise DataError(f"Inner fold {number + 1} of {folds}: {error} Fewer inner folds help, too.") from None
    known = np.isfinite(found).all(axis=1)
    kept = rows.where(known)
    require_trainable(kept, "out-of-fold")
    return kept, found[known]


def skill(rows: Dataset, predictions: Sequence[Floats]) -> Floats:
    """A weight for each of ``predictions`` of ``rows``, 1 in the sum: by how much its headline score is above that of
    chance; equal ones where none is.
    """
    chance = 0.0 if rows.task == "regression" else 0.5
    above = np.array([headline(rows.task, rows.label, prediction) - chance for prediction in predictions])
    above = np.maximum(np.nan_to_num(above), 0.0)
    return above / above.sum() if above.sum() > 0 else np.full(len(above), 1 / len(above))


def _predicted(model: Model, train: Dataset, test: Dataset, seed: int) -> Floats:
    later: Dataset | None = None
    if model.wants_validation():
        split = latest(train.time, train.end, VALIDATION_FRACTION)
        train, later = train.where(split.train), train.where(split.test)
    require_trainable(train, "training")
    return call_model.predict(model, call_model.fit(model, train, later, seed, None).artifact, test)
