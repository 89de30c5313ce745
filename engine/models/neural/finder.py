"""The learning-rate finder (Smith 2017): the loss of a few steps at ever larger learning rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models.dataset import Dataset
from engine.models.neural.kind import Neural

LOWEST, HIGHEST = 1e-6, 1.0
_SMOOTHING = 0.9
_STOP = 2.0
_AROUND = 3  # steps on either side of one whose slope is a mean


@dataclass(frozen=True, eq=False)
class LearningRates:
    """``rate`` of each step that was made, its ``loss``, smoothed, and the ``suggestion``: where the loss falls fastest
    over the logarithm of the rate, by its mean slope over a few steps around, for single ones are noise.
    """

    rate: Floats
    loss: Floats
    suggestion: float


def find_learning_rate(model: Neural, train: Dataset, seed: int = 0, steps: int = 100) -> LearningRates:
    """Steps at rates from 1e-6 to 1, evenly spaced by their logarithm, that end at twice the lowest smoothed loss. The
    network is thrown away. Raises ``DataError`` where the loss never falls.
    """
    rates, found = np.geomspace(LOWEST, HIGHEST, steps), list[float]()
    average = 0.0
    with model.training_on(train, seed, model.processor()) as (trainer, rows):
        order, size = np.random.default_rng([seed, 1]), model.batch_size
        parts = list(rows.parts(size, order.permutation(len(rows))))
        for number, rate in enumerate(rates):
            loss = trainer.add(rows.batch(parts[number % len(parts)]), 1.0, (seed, number))
            average = _SMOOTHING * average + (1 - _SMOOTHING) * float(trainer.arrays.numbers([loss])[0])
            smoothed = average / (1 - _SMOOTHING ** (number + 1))
            if not np.isfinite(smoothed) or (found and smoothed > _STOP * min(found)):
                break
            found.append(smoothed)
            trainer.update(float(rate))
    return _suggested(rates[: len(found)], np.array(found))


def _suggested(rates: Floats, losses: Floats) -> LearningRates:
    lowest = int(losses.argmin()) if len(losses) else 0
    if lowest < 2:
        raise DataError(
            "The loss falls at no learning rate between 1e-6 and 1: check that the features say anything about the "
            "label, or try another network."
        )
    slope = np.gradient(losses[: lowest + 1], np.log(rates[: lowest + 1]))
    around = min(_AROUND, (len(slope) - 1) // 2)
    slope = np.convolve(slope, np.ones(2 * around + 1) / (2 * around + 1), mode="valid")
    return LearningRates(rates, losses, float(rates[slope.argmin() + around]))
