"""Predictions of training rows by models that have not seen them, and what they say of the models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models import Model, OnStep, call_model
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset
from engine.models.fitting import VALIDATION_FRACTION, require_trainable
from engine.models.scores import headline
from engine.models.splits.fold import Timeline
from engine.models.splits.intervals import forward, groups, latest

Watch = Callable[[int, int], OnStep | None]
"""What watches the training of a model, by its number, in an inner fold, by its number."""


def out_of_fold(
    models: Sequence[Model],
    rows: Dataset,
    folds: int,
    seeds: Sequence[int],
    watch: Watch = lambda model, fold: None,
    keep: Callable[[Artifact], None] = lambda artifact: None,
) -> tuple[Dataset, Floats]:
    """The rows of ``rows`` that every model predicts out of fold, and the predictions, float64 (rows, outputs of all
    models): a column a model, of several classes one for each.

    The rows are cut in time into ``folds`` + 1 groups of about as many. Each but the first is predicted by models
    trained on the rows before it whose labels end before it begins, and stopped, where they are, by the latest of
    these; ``keep`` is given each. Raises ``DataError`` where a fold is too small.
    """
    timeline = Timeline(rows.time, rows.symbol, rows.end, ())
    shape = (len(rows), len(models) * (len(rows.classes) if rows.task == "multiclass" else 1))
    found = np.full(shape, np.nan)
    for number, (start, stop) in enumerate(groups(timeline, folds + 1)[1:]):
        fold = forward(timeline, start, stop, 0)
        train, test = rows.where(fold.train), rows.where(fold.test)
        try:
            found[fold.test] = np.column_stack(
                [
                    _predicted(model, train, test, seeds[place], watch(place, number), keep)
                    for place, model in enumerate(models)
                ]
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


def non_negative(rows: Dataset, predictions: Sequence[Floats]) -> Floats:
    """Weights of ``predictions`` of ``rows``, none below 0, with the least squared error of their sum (Breiman 1996):
    of classes against their indicators, and 1 in the sum, so that it is a probability. Equal ones where all are 0.
    """
    from scipy.optimize import nnls

    target = rows.label
    if rows.task == "multiclass":
        target = np.eye(len(rows.classes))[rows.label.astype(np.int64)].ravel()
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight
    root = np.sqrt(np.repeat(weight, len(target) // len(rows)))
    columns = np.column_stack([np.ravel(prediction) for prediction in predictions])
    found = np.asarray(nnls(columns * root[:, None], target * root)[0])
    if not found.sum() > 0:
        return np.full(len(predictions), 1 / len(predictions))
    return found if rows.task == "regression" else found / found.sum()


def _predicted(
    model: Model,
    train: Dataset,
    test: Dataset,
    seed: int,
    on_step: OnStep | None,
    keep: Callable[[Artifact], None],
) -> Floats:
    later: Dataset | None = None
    if model.wants_validation():
        split = latest(train.time, train.end, VALIDATION_FRACTION)
        train, later = train.where(split.train), train.where(split.test)
    require_trainable(train, "training")
    artifact = call_model.fit(model, train, later, seed, on_step).artifact
    keep(artifact)
    return call_model.predict(model, artifact, test)
