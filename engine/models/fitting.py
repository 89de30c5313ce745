"""Training of one model on the rows before the test."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.features.processing import FittedProcessors, fit
from engine.features.processors import Processor
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep, Part, TrainingStep, call_model
from engine.models.dataset import Dataset
from engine.models.splits.intervals import latest
from engine.models.weights import EQUAL, Weighting

VALIDATION_FRACTION = 0.2
MINIMUM_ROWS = 20
_REPORT_EVERY = 0.04
_CURVE_POINTS = 300


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A fitted model with the rows that it was ``fitted_on``, as it saw them, the ``processors`` that made them so, and
    how many others stopped it or were purged.
    """

    fitted: Fitted
    processors: FittedProcessors
    fitted_on: Dataset
    n_validation: int
    n_purged: int


def train(
    model: Model,
    rows: Dataset,
    seed: int,
    on_step: OnStep | None = None,
    *,
    processors: Sequence[Processor] = (),
    weighting: Weighting = EQUAL,
) -> TrainedModel:
    """Fit ``model`` on ``rows``, on the processor that it names.

    Where the model wants validation rows they are the latest fifth of ``rows``, and rows whose labels reach into it are
    purged, as at the test. The rows that are left are what it learns from: those that ``processors`` are fitted on, and
    ``weighting`` weighs. Raises ``DataError`` where too little is left or only one label occurs.
    """
    earlier, later, n_purged = _split_off(model, rows)
    require_trainable(earlier, "training")
    processing = fit(processors, earlier.values)
    earlier = replace(earlier.processed(processing), weight=weighting.of(earlier))
    n_validation = 0
    if later is not None:
        later, n_validation = replace(later, matrix=earlier.matrix), len(later)
    fitted = call_model.fit(model, earlier, later, seed, on_step)
    return TrainedModel(fitted, processing, earlier, n_validation, n_purged)


def learned_from(model: Model, rows: Dataset, processors: Sequence[Processor], weighting: Weighting) -> Dataset:
    """What ``train`` fits ``model`` on. Raises ``DataError`` as it does."""
    earlier, _, _ = _split_off(model, rows)
    require_trainable(earlier, "training")
    return replace(earlier.processed(fit(processors, earlier.values)), weight=weighting.of(earlier))


def _split_off(model: Model, rows: Dataset) -> tuple[Dataset, Dataset | None, int]:
    """The rows to train on, those that decide when to stop where ``model`` wants any, and how many are purged."""
    if not model.wants_validation():
        return rows, None, 0
    split = latest(rows.time, rows.end, VALIDATION_FRACTION)
    return rows.where(split.train), rows.where(split.test), int(split.purged.sum())


def require_trainable(rows: Dataset, part: str) -> None:
    """Raise ``DataError`` unless ``rows`` are enough and more than one label occurs; every class has to in the training
    part.
    """
    if len(rows) < MINIMUM_ROWS:
        raise DataError(
            f"Only {len(rows)} rows are left in the {part} part after warm-up and purging: choose a longer range "
            "of days, a shorter horizon, or features with shorter windows."
        )
    found = np.unique(rows.label)
    remedy = "change the threshold or the horizon, or choose a longer range of days."
    if rows.task == "regression":
        if len(found) < 2:
            raise DataError(f"Every label in the {part} part is {found[0]:g}: {remedy}")
        return
    if len(found) == 1:
        name = rows.classes[int(found[0])]
        always = {"up": "a rise", "down": "a fall"}.get(name, f"'{name}'")
        raise DataError(f"Every label in the {part} part is {always}: {remedy}")
    absent = [name for number, name in enumerate(rows.classes) if number not in found]
    if absent and part == "training":
        raise DataError(f"No label in the {part} part is '{absent[0]}': {remedy}")


class TrainingCurve:
    """Reports steps to ``progress`` with the loss curve so far, thinned to a few hundred points.

    The curve is {"steps": [...], "train": [...], "validation": [...]}; steps that follow within 40 ms of a report are
    shown with the next one. ``step`` is what the model calls one. Of a model that is made of others it is that of the
    part which is being trained.
    """

    def __init__(self, progress: Progress, step: str) -> None:
        self._progress = progress
        self._step = step
        self._train: list[float] = []
        self._validation: list[float] = []
        self._reported = 0.0
        self._part: Part | None = None

    def __call__(self, step: TrainingStep) -> None:
        if step.part != self._part:
            self._part, self._train, self._validation = step.part, [], []
        self._train.append(step.train_loss)
        if step.validation_loss is not None:
            self._validation.append(step.validation_loss)
        now = time.monotonic()
        if now - self._reported >= _REPORT_EVERY or step.done == step.total:
            self._reported = now
            self._progress(self._fraction(step), self._message(step), self.partial())

    def _fraction(self, step: TrainingStep) -> float:
        part, share = step.part, step.done / step.total
        return (part.number + share) / part.count if part else share

    def _message(self, step: TrainingStep) -> str:
        if step.part is None:
            return f"Training: {self._step} {step.done:,} of {step.total:,}"
        part = step.part
        about = f"{part.name} ({part.number + 1} of {part.count}), {part.step}"
        return f"Training: {about} {step.done:,} of {step.total:,}"

    def partial(self) -> dict[str, object]:
        """The curve so far."""
        return thinned(self._train, self._validation)


def thinned(train_loss: Sequence[float] | Floats, validation_loss: Sequence[float] | Floats) -> dict[str, object]:
    """Loss curves as ``TrainingCurve`` reports them."""
    count = len(train_loss)
    at = range(0, count, -(-count // _CURVE_POINTS)) if count else range(0)
    return {
        "steps": [index + 1 for index in at],
        "train": [float(train_loss[index]) for index in at],
        "validation": [float(validation_loss[index]) for index in at] if len(validation_loss) else [],
    }
