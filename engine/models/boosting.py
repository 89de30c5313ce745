"""Shared parts of gradient-boosted trees: their rounds, early stopping, and their trees at rest."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.core.progress import check_cancelled
from engine.core.registry import info
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep, TrainingStep, shapley
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.symbol import Symbol
from engine.models.trees import Trees

BASELINE = "baseline"


def learning_rate() -> Any:
    return parameter(0.05, title="Learning rate", help="Weight of each tree.", gt=0, le=1, step=0.01, section="Model")


class Rounds:
    """Takes down the losses of a training's rounds, ``total`` at most, and tells ``on_step`` of them."""

    def __init__(self, total: int, on_step: OnStep | None) -> None:
        self.train: list[float] = []
        self.validation: list[float] = []
        self.watched = on_step is not None
        self._total, self._on_step = total, on_step

    def after(self, done: int, train: float | None, validation: float | None) -> None:
        """Round number ``done`` has these mean losses, where they were measured. Raises ``Cancelled`` for a cancelled
        job, watched or not.
        """
        check_cancelled()
        if train is not None:
            self.train.append(train)
        if validation is not None:
            self.validation.append(validation)
        if self._on_step:
            self._on_step(TrainingStep(done, self._total, self.train[-1], validation))


@dataclass(frozen=True, eq=False)
class Grown:
    """The ``artifact`` of the ``rounds`` that are kept, and the ``importance`` of each feature in them."""

    artifact: Artifact
    rounds: int
    importance: Floats


class Boosted(Model):
    """Trees that are grown one after another, each to what those before it left of the loss.

    With early stopping the latest part of the training rows is set aside, and the rounds up to its lowest loss are
    kept; without it every row is trained on and every round is kept.
    """

    step: ClassVar[str] = "round"
    importance_of: ClassVar[str] = "gain"

    rounds: int = parameter(200, title="Rounds", help="Maximum number of trees.", ge=1, le=5000, section="Model")
    learning_rate: float = learning_rate()
    early_stopping: int = parameter(
        50,
        title="Early stopping",
        unit="rounds",
        help="Rounds without a better validation loss before training stops; 0 never stops.",
        ge=0,
        le=5000,
        section="Model",
    )

    def label(self) -> str:
        return f"{info(self).title} {self.rounds}"

    def wants_validation(self) -> bool:
        return self.early_stopping > 0

    @abstractmethod
    def grow(self, train: Dataset, validation: Dataset | None, seed: int, rounds: Rounds, patience: int) -> Grown:
        """Grow the trees on ``train`` and tell ``rounds`` of each round. ``patience`` is the number of rounds without a
        better loss on ``validation`` after which no more follow; 0 where nothing stops them.
        """

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        rounds = Rounds(self.rounds, on_step)
        grown = self.grow(train, validation, seed, rounds, 0 if validation is None else self.early_stopping)
        return Fitted(
            artifact=grown.artifact,
            train_loss=np.array(rounds.train, dtype=np.float64),
            validation_loss=np.array(rounds.validation, dtype=np.float64),
            best_step=grown.rounds,
            importance=grown.importance,
        )


def kept(trees: Trees, baseline: Sequence[float] | Floats) -> Artifact:
    """``trees`` in the order of their rounds, each of one output, in turn that of each class, or of all of them; and
    the ``baseline`` of each output, to which their values are added.
    """
    return from_tensors(trees.tensors() | {BASELINE: np.asarray(baseline, dtype=np.float64)})


def predicted(artifact: Artifact, data: Dataset, rows: NDArray[Any]) -> Floats:
    """What an artifact of ``kept`` predicts for ``data``, whose values are compared with thresholds as ``rows``."""
    tensors = to_tensors(artifact)
    baseline = tensors[BASELINE]
    score = np.tile(baseline, (len(rows), 1))
    for number, value in enumerate(Trees.stored(tensors).values(rows)):
        if value.shape[1] == len(baseline):
            score += value
        else:
            score[:, number % len(baseline)] += value[:, 0]
    return linked(data.task, score)


def traced(artifact: Artifact, x: Symbol, task: Task) -> Symbol:
    """``predicted`` of the rows ``x`` as a graph."""
    tensors = to_tensors(artifact)
    return Trees.stored(tensors).traced(x, tensors[BASELINE]).linked(task)


def explainable(artifact: Artifact) -> int:
    """``Model.explainable`` of an artifact of ``kept``."""
    tensors = to_tensors(artifact)
    return shapley.explainable(Trees.stored(tensors), len(tensors[BASELINE]))


def contributions(artifact: Artifact, rows: NDArray[Any]) -> Floats:
    """``Model.contributions`` of an artifact of ``kept``, to the score of ``rows`` before it is ``linked``."""
    tensors = to_tensors(artifact)
    return shapley.contributions(Trees.stored(tensors), rows, len(tensors[BASELINE]))


def linked(task: Task, score: Floats) -> Floats:
    """Predictions of ``task`` from scores (rows, outputs): log odds of the second of two classes, one for each of
    several up to a constant, or the number itself.
    """
    from scipy.special import expit, softmax

    if task == "multiclass":
        return np.asarray(softmax(score, axis=1))
    return np.asarray(expit(score[:, 0]) if task == "binary" else score[:, 0])


def mean_loss(task: Task, told: float) -> float:
    """The loss that a library tells: of a number the root of the mean squared error."""
    return float(told) ** 2 if task == "regression" else float(told)
