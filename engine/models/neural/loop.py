"""The loop of a training, the same for every network and framework: epochs, schedule, early stopping, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.progress import check_cancelled
from engine.models import OnStep, TrainingStep
from engine.models.dataset import Indices
from engine.models.neural.arrays import Array
from engine.models.neural.checkpoints import Checkpoints
from engine.models.neural.initial import Weights
from engine.models.neural.rows import Rows, mixed
from engine.models.neural.schedules import factor
from engine.models.neural.trainer import Trainer

_ORDER, _MIXUP, _DROPOUT = 1, 2, 3
"""Streams of random numbers of a seed."""
_BEST = "best/"
_OPTIMISER = "optimiser/"


@dataclass
class Course:
    """How far a training has come: ``epoch`` and ``step`` done, its curves by epoch (loss on the training rows and on
    the validation rows, mean norm of the gradients, last learning rate), the ``best_epoch`` with its loss, and of a
    plateau the epochs since the last improvement (``flat``) and the ``falls`` of the learning rate.
    """

    epoch: int = 0
    step: int = 0
    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    lowest: float | None = None
    flat: int = 0
    falls: int = 0


class Loop:
    """The training of ``trainer`` on ``rows``, watched on ``later`` rows where there are any. All random numbers follow
    from ``seed`` and the epoch or step, so that a training goes on from a checkpoint as it would have.
    """

    def __init__(self, trainer: Trainer, rows: Rows, later: Rows | None, seed: int, unit: float = 1.0) -> None:
        self.trainer, self.training = trainer, trainer.training
        self.rows, self.later, self.seed, self.unit = rows, later, seed, unit
        self.course, self.best = Course(), trainer.weights()

    def run(self, on_step: OnStep | None = None, checkpoints: Checkpoints | None = None) -> tuple[Weights, Course]:
        """The weights of the best epoch on ``later``, or of the last one without it. What was done before a checkpoint
        is told again. Raises ``DataError`` for a loss that is not a number.
        """
        if checkpoints:
            self._resume(checkpoints)
        for epoch in range(1, self.course.epoch + 1):
            self._tell(on_step, epoch)
        while self.course.epoch < self.training.epochs and not self._is_over():
            self._epoch()
            if checkpoints and checkpoints.due():
                self._keep(checkpoints)
            self._tell(on_step, self.course.epoch)
        if self.later is None:
            return self.trainer.weights(), self.course
        return self.best, self.course

    def _epoch(self) -> None:
        """One pass over all rows, in an order of its own."""
        course = self.course
        order = np.random.default_rng([self.seed, _ORDER, course.epoch]).permutation(len(self.rows))
        parts = list(self.rows.parts(self.training.batch_size, order))
        size = self.training.accumulation
        steps = [parts[start : start + size] for start in range(0, len(parts), size)]
        losses: list[Array] = []
        norms: list[Array] = []
        rate = 0.0
        for number, group in enumerate(steps):
            check_cancelled()
            rate = self.rate(course.epoch + (number + 0.5) / len(steps))
            losses += self._gradient(group)
            norms.append(self.trainer.update(rate))
            course.step += 1
        course.epoch += 1
        total = float(self.trainer.arrays.numbers(losses) @ np.array([len(part) for part in parts]))
        course.train_loss.append(self._finite(total / self.rows.total_weight * self.unit, rate))
        course.gradient_norm.append(float(self.trainer.arrays.numbers(norms).mean()))
        course.learning_rate.append(rate)
        if self.later is not None:
            course.validation_loss.append(self._finite(self.loss_on(self.later), rate))
            self._compare(course.validation_loss[-1])
        self._watch_plateau((course.validation_loss or course.train_loss)[-1])

    def rate(self, epoch: float) -> float:
        """The learning rate so far into the training."""
        return self.training.learning_rate * factor(self.training, epoch, self.course.falls)

    def _gradient(self, group: Sequence[Indices]) -> Iterator[Array]:
        """The losses of the batches of a step, whose gradients are added up."""
        total = sum(map(len, group))
        for number, part in enumerate(group):
            seed = (self.seed, self.course.step, number)
            batch = self.rows.batch(part)
            if self.training.mixup:
                random = np.random.default_rng([*seed, _MIXUP])
                batch = mixed(batch, self.trainer.arrays, self.training.mixup, random)
            yield self.trainer.add(batch, len(part) / total, (*seed, _DROPOUT))

    def loss_on(self, rows: Rows) -> float:
        """Mean loss per row without training on it, in the unit of the label."""
        parts = list(rows.parts(self.training.batch_size))
        losses = [self.trainer.evaluated(rows.batch(part)) for part in parts]
        total = float(self.trainer.arrays.numbers(losses) @ np.array([len(part) for part in parts]))
        return total / rows.total_weight * self.unit

    def _compare(self, loss: float) -> None:
        if self._is_better(loss, self.course.best):
            self.course.best, self.course.best_epoch, self.best = loss, self.course.epoch, self.trainer.weights()

    def _is_better(self, loss: float, than: float | None) -> bool:
        return than is None or loss < than - self.training.min_delta * abs(than)

    def _is_over(self) -> bool:
        patience, course = self.training.early_stopping, self.course
        return bool(patience) and self.later is not None and course.epoch - course.best_epoch >= patience

    def _watch_plateau(self, loss: float) -> None:
        course = self.course
        if self._is_better(loss, course.lowest):
            course.lowest, course.flat = loss, 0
            return
        course.flat += 1
        if course.flat >= self.training.step_epochs:
            course.falls, course.flat = course.falls + 1, 0

    def _finite(self, loss: float, rate: float) -> float:
        if not np.isfinite(loss):
            clip = "" if self.training.clip_norm else ", or cut long gradients at a norm of 1"
            raise DataError(
                f"The loss of epoch {self.course.epoch} is not a number: lower the learning rate, which was {rate:.3g}"
                f"{clip}."
            )
        return loss

    def _tell(self, on_step: OnStep | None, epoch: int) -> None:
        if on_step:
            validation = self.course.validation_loss[epoch - 1] if self.course.validation_loss else None
            on_step(TrainingStep(epoch, self.training.epochs, self.course.train_loss[epoch - 1], validation))

    def _keep(self, checkpoints: Checkpoints) -> None:
        optimiser = {f"{_OPTIMISER}{name}": values for name, values in self.trainer.state().items()}
        best = {f"{_BEST}{name}": values for name, values in self.best.items()}
        checkpoints.keep({**self.trainer.weights(), **optimiser, **best}, asdict(self.course))

    def _resume(self, checkpoints: Checkpoints) -> None:
        """Go on from the checkpoint, if there is one of this training."""
        stored = checkpoints.last()
        if stored is None:
            return
        tensors, state = stored
        self.trainer.begin({name: tensors[name] for name in self.best})
        self.trainer.restore(_below(tensors, _OPTIMISER))
        self.course, self.best = Course(**state), _below(tensors, _BEST)


def _below(tensors: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): values for name, values in tensors.items() if name.startswith(prefix)}
