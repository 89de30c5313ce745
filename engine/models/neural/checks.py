"""Sanity checks before a long training, and what an epoch of it is spent on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.models.dataset import Dataset
from engine.models.neural.kind import Neural
from engine.models.neural.rows import Rows
from engine.models.neural.trainer import Trainer

_STEPS, _FORGOT = 300, 0.2
_STILL, _WILD = 1e-8, 1e3


@dataclass(frozen=True)
class Layer:
    """Weights of a network: their ``name`` and ``shape``, and the norm of their first ``gradient``."""

    name: str
    shape: tuple[int, ...]
    gradient: float


@dataclass(frozen=True)
class Checks:
    """What was found: the shapes of a batch of ``windows`` (rows, bars, features) and of its ``scores`` (rows,
    outputs), the trained ``layers``, and the mean loss on one batch before and after it was trained on alone.
    """

    windows: tuple[int, ...]
    scores: tuple[int, ...]
    layers: tuple[Layer, ...]
    loss_before: float
    loss_after: float

    @property
    def overfits(self) -> bool:
        """Whether the network can overfit one batch."""
        return bool(self.loss_after < _FORGOT * self.loss_before)

    def problems(self) -> tuple[str, ...]:
        """A sentence for each thing that is wrong."""
        return tuple(self._problems())

    def _problems(self) -> Iterator[str]:
        if not self.overfits:
            yield (
                f"The network cannot overfit one batch: its loss goes from {self.loss_before:.3g} to "
                f"{self.loss_after:.3g}. Try another learning rate, or more units and less regularisation."
            )
        still = [layer.name for layer in self.layers if layer.gradient < _STILL]
        if still:
            yield f"No gradient reaches {', '.join(still)}: other initial weights, an activation or a norm may help."
        wild = [layer.name for layer in self.layers if not layer.gradient < _WILD]
        if wild:
            yield f"The gradient of {', '.join(wild)} explodes: cut it at a norm of 1, or scale the features."


def check(model: Neural, train: Dataset, seed: int = 0) -> Checks:
    """Checks of ``model`` on the first rows of ``train``, with a network that is thrown away. Raises what ``fit``
    raises.
    """
    with model.training_on(train, seed, model.processor()) as (trainer, rows):
        batch = rows.batch(np.arange(min(len(rows), model.batch_size, 32)))
        shown = tuple(batch.values.shape)
        before = float(trainer.arrays.numbers([trainer.evaluated(batch)])[0])
        trainer.add(batch, 1.0, (seed, 0))
        layers = tuple(
            Layer(name, values.shape, float(np.linalg.norm(values))) for name, values in trainer.gradients().items()
        )
        for step in range(1, _STEPS + 1):
            trainer.update(model.learning_rate)
            trainer.add(batch, 1.0, (seed, step))
        after = float(trainer.arrays.numbers([trainer.evaluated(batch)])[0])
        outputs = trainer.loss.outputs
    return Checks(shown, (shown[0], outputs), layers, before, after)


@dataclass(frozen=True)
class EpochProfile:
    """Seconds of one epoch by what they are spent on. ``forward`` is measured by itself, without dropout; ``backward``
    is what a gradient takes beyond it.
    """

    data: float
    forward: float
    backward: float
    step: float


def profile_epoch(model: Neural, train: Dataset, seed: int = 0) -> EpochProfile:
    """The profile of an epoch after a first batch, which compiles and allocates. The network is thrown away."""
    spent = dict.fromkeys(("data", "forward", "gradient", "step"), 0.0)
    with model.training_on(train, seed, model.processor()) as (trainer, rows):
        parts = list(rows.parts(model.batch_size, np.random.default_rng([seed, 1]).permutation(len(rows))))
        _profiled(trainer, rows, parts[0], dict(spent))
        for part in parts:
            _profiled(trainer, rows, part, spent)
    backward = max(spent["gradient"] - spent["forward"], 0.0)
    return EpochProfile(spent["data"], spent["forward"], backward, spent["step"])


def _profiled(trainer: Trainer, rows: Rows, part: np.ndarray, spent: dict[str, float]) -> None:
    """One step, whose parts are each waited for."""
    arrays = trainer.arrays

    def timed(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        arrays.numbers([work()])
        spent[name] += time.perf_counter() - began

    began = time.perf_counter()
    batch = rows.batch(part)
    arrays.numbers([batch.values[0, 0, 0]])
    spent["data"] += time.perf_counter() - began
    timed("forward", lambda: trainer.evaluated(batch))
    timed("gradient", lambda: trainer.add(batch, 1.0, (0,)))
    timed("step", lambda: trainer.update(trainer.training.learning_rate))
