"""Learning rates over a training, as factors of the one that was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from engine.models.neural.training import Schedule, Training

_CYCLE_RISES, _CYCLE_FROM, _CYCLE_TO = 0.3, 1 / 25, 1e-4 / 25


def factor(training: Training, epoch: float, falls: int = 0) -> float:
    """What the learning rate is multiplied by, ``epoch`` epochs (with a fraction) into the training, after ``falls``
    plateaus. The warm-up is a line from 0 to 1; what follows it begins where it ends, but one cycle has its own rise.
    """
    if epoch < training.warmup:
        return epoch / training.warmup
    length = max(training.epochs - training.warmup, 1e-9)
    shape = _SHAPES[training.schedule]
    return shape(training, min((epoch - training.warmup) / length, 1.0), epoch - training.warmup, falls)


def _constant(training: Training, share: float, epoch: float, falls: int) -> float:
    return 1.0


def _cosine(training: Training, share: float, epoch: float, falls: int) -> float:
    """Loshchilov and Hutter 2017, without restarts."""
    return _along(share, 1.0, 0.0)


def _one_cycle(training: Training, share: float, epoch: float, falls: int) -> float:
    """Smith 2018, with the shares of torch's ``OneCycleLR``."""
    if share < _CYCLE_RISES:
        return _along(share / _CYCLE_RISES, _CYCLE_FROM, 1.0)
    return _along((share - _CYCLE_RISES) / (1 - _CYCLE_RISES), 1.0, _CYCLE_TO)


def _step(training: Training, share: float, epoch: float, falls: int) -> float:
    return training.step_factor ** (int(epoch) // training.step_epochs)


def _plateau(training: Training, share: float, epoch: float, falls: int) -> float:
    return training.step_factor**falls


def _along(share: float, first: float, last: float) -> float:
    """Half a cosine from ``first`` to ``last``."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


_SHAPES: Mapping[Schedule, Callable[[Training, float, float, int], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "one_cycle": _one_cycle,
    "step": _step,
    "plateau": _plateau,
}
