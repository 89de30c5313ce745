"""Proposals of the next trial: rows that are known in advance, or what an estimator makes of the trials so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from engine.market.bars import Floats
from engine.models.tuning.objective import Answer, sign
from engine.models.tuning.space import Dimension, grid, random

if TYPE_CHECKING:
    from engine.models.tuning.spec import TuningSpec

Values = tuple[float, ...]


class Proposals(Protocol):
    """The values of trial after trial. Each is told of once, in their order; ``pruned`` trials count by what they
    reached.
    """

    def ask(self, number: int) -> Values: ...
    def tell(self, number: int, answer: Answer, pruned: bool) -> None: ...


def proposals(spec: TuningSpec, dimensions: Sequence[Dimension]) -> Proposals:
    """Those that ``spec`` asks for."""
    if spec.sampler == "tpe":
        return _Parzen(spec, dimensions)
    return _Listed(grid(dimensions) if spec.sampler == "grid" else random(dimensions, spec.trials, spec.seed))


class _Listed:
    """Rows that follow from nothing but the request."""

    def __init__(self, rows: Floats) -> None:
        self._rows = rows

    def ask(self, number: int) -> Values:
        return tuple(self._rows[number].tolist())

    def tell(self, number: int, answer: Answer, pruned: bool) -> None:
        """Nothing follows from it."""


class _Parzen:
    """Optuna's tree-structured Parzen estimator (Bergstra et al. 2011), of all axes together (Falkner et al. 2018).

    Trials under way count as bad ones, or all that are asked for at a time would lie together (``constant_liar``).
    """

    def __init__(self, spec: TuningSpec, dimensions: Sequence[Dimension]) -> None:
        import optuna

        self._dimensions = dimensions
        self._spaces = {item.scale.path: item.distribution() for item in dimensions}
        self._trials: dict[int, Any] = {}
        with quiet():
            sampler = optuna.samplers.TPESampler(seed=spec.seed, n_startup_trials=spec.startup, constant_liar=True)
            directions = optuna.study.StudyDirection
            direction = directions.MINIMIZE if sign(spec.score()) < 0 else directions.MAXIMIZE
            self._study = optuna.create_study(direction=direction, sampler=sampler)

    def ask(self, number: int) -> Values:
        with quiet():
            self._trials[number] = trial = self._study.ask(self._spaces)
        return tuple(item.value(trial.params[item.scale.path]) for item in self._dimensions)

    def tell(self, number: int, answer: Answer, pruned: bool) -> None:
        from optuna.trial import TrialState

        trial, score = self._trials.pop(number), answer.mean()
        with quiet():
            if not np.isfinite(score):
                self._study.tell(trial, state=TrialState.FAIL)
            elif pruned:
                trial.report(score, len(answer.scores))
                self._study.tell(trial, state=TrialState.PRUNED)
            else:
                self._study.tell(trial, score)


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna says nothing of trials on the way."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
