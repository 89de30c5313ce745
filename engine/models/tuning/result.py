"""The result of a tuning: its trials, the best of them, and what that is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.axes import choice_value
from engine.core.field_paths import changed
from engine.core.store import Labelled, Trial
from engine.labels import Task
from engine.market.bars import Floats
from engine.models.spec import ModelSpec
from engine.models.tuning.deflation import Deflation, best_of, deflated, deviation_of_scores
from engine.models.tuning.objective import sign

COMPLETE, PRUNED, FAILED, REPEATED = range(4)
STATES = ("complete", "pruned", "failed", "repeated")
"""What became of a trial, by its number: it was tested on all folds, ended early, could not be trained or scored, or
has the values of an earlier one, whose outcome it shares.
"""


@dataclass(frozen=True, eq=False, repr=False)
class TuningResult(Labelled):
    """T trials of A axes, in the order in which they were chosen.

    ``axes`` are dotted paths of ``base``, the JSON of the model. ``values`` float64 (T, A), of a categorical axis
    indices into its ``words``; ``whole`` marks integers and ``log`` axes that are searched by ratios. ``folds`` float64
    (T, folds) are the scores called ``metric`` on the tests, NaN from where a trial ended; ``score`` (T,) their mean.
    ``state`` int8 (T,) is a place in ``STATES``, ``seconds`` (T,) what a trial took, the one thing here that the same
    request does not give again; ``drawn`` bool (T,) marks values that follow from no other trial.

    ``importance`` (A,) is the share of the variance of the complete trials' scores that each axis explains (fANOVA),
    empty for too few. ``null_scores`` are those of the best trial's values on labels that have nothing to do with the
    features (``label_permutation``), sorted. ``problems`` are the reasons of failures, each once. ``observations`` are
    the rows that were tested.
    """

    label: str
    family: str
    task: Task
    metric: str
    axes: tuple[str, ...]
    titles: tuple[str, ...]
    units: tuple[str, ...]
    whole: tuple[bool, ...]
    log: tuple[bool, ...]
    words: tuple[tuple[str, ...], ...]
    values: Floats
    score: Floats
    folds: Floats
    state: NDArray[np.int8]
    seconds: Floats
    drawn: NDArray[np.bool_]
    importance: Floats
    null_scores: Floats
    observations: int
    split: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    base: str

    def __len__(self) -> int:
        return len(self.score)

    @property
    def sign(self) -> int:
        """1 where higher scores are better, -1 where lower are."""
        return sign(self.metric)

    @property
    def complete(self) -> NDArray[np.bool_]:
        """The trials that can be the best (T,)."""
        return np.asarray((self.state == COMPLETE) & np.isfinite(self.score))

    @cached_property
    def best(self) -> int:
        """The number of the best trial, the first of equal ones."""
        found = best_of(np.where(self.complete, self.score, np.nan), self.sign)
        assert found is not None  # a tuning without one raises
        return found

    def best_so_far(self) -> Floats:
        """The best score of the trials up to each (T,), NaN before the first complete one."""
        oriented = np.where(self.complete, self.sign * self.score, -np.inf)
        found = np.maximum.accumulate(oriented)
        return np.where(np.isfinite(found), self.sign * found, np.nan)

    def ranked(self) -> NDArray[np.int64]:
        """The numbers of the trials: complete ones, best first, then those that were pruned, failed or repeated."""
        return np.lexsort((np.arange(len(self)), -self.sign * np.nan_to_num(self.score), self.state))

    @property
    def count(self) -> int:
        """Trials as the ledger counts them: those with a score, each once."""
        return int((np.isfinite(self.score) & (self.state != REPEATED)).sum())

    def counts(self) -> Mapping[str, int]:
        """How many trials are in each state."""
        return {name: int((self.state == place).sum()) for place, name in enumerate(STATES)}

    def deviation(self) -> float:
        """Standard deviation of the trials' scores (``deflation.deviation_of_scores``)."""
        fine = np.isfinite(self.score) & (self.state != REPEATED)
        return deviation_of_scores(self.folds[fine], self.drawn[fine])

    def deflated(self, trials: int | None = None) -> Deflation | None:
        """What the best score is worth as the best of so many ``trials``, by itself those of this tuning; None without
        null models.
        """
        count = max(trials or 0, self.count)
        return deflated(float(self.score[self.best]), self.null_scores, self.deviation(), count, self.sign)

    def settings(self, number: int) -> dict[str, Any]:
        """The field values of a trial, by path."""
        return {path: self._plain(axis, float(self.values[number, axis])) for axis, path in enumerate(self.axes)}

    def spec_of(self, number: int) -> ModelSpec:
        """The model of a trial. Raises ``SpecError`` for one whose values are not valid together."""
        return changed(ModelSpec.parse(json.loads(self.base)), self.settings(number))

    def _plain(self, axis: int, value: float) -> Any:
        if self.words[axis]:
            return choice_value(self.words[axis][int(value)])
        return int(value) if self.whole[axis] else value

    def trial(self) -> Trial:
        """What the ledger keeps: a model holds nothing, so it has no Sharpe ratio."""
        return Trial(self.family, None, self.observations, count=self.count)

    def summary(self) -> Mapping[str, object]:
        found = self.deflated()
        return {
            "label": self.label,
            "metric": self.metric,
            "trials": len(self),
            **self.counts(),
            "best": {"trial": self.best + 1, "score": round(float(self.score[self.best]), 6)},
            "values": self.settings(self.best),
            "expected_without_skill": None if found is None else round(found.expected, 6),
            "p_value": None if found is None else round(found.p_value, 6),
            "importance": dict(zip(self.axes, np.round(self.importance, 4).tolist(), strict=False)),
            "split": self.split,
            "warnings": [*self.warnings, *self.problems],
        }
