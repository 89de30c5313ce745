"""One trial: a model with its values, trained and scored fold by fold."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

import numpy as np

from engine.core.errors import DataError, SpecError
from engine.core.field_paths import changed
from engine.core.progress import Progress
from engine.models.folds import fit_fold, predicted
from engine.models.label_permutation import rotated, without_knowledge
from engine.models.preparation import Parts, naming, parts, prepare
from engine.models.scores import HEADLINE, LOWER_IS_BETTER, headline, out_of_sample
from engine.models.spec import ModelSpec

UNPRUNED = 5
"""Trials that have to have come as far before one is ended there, as in Optuna's ``MedianPruner``."""


@dataclass(frozen=True)
class Ask:
    """What a trial is asked: the model ``base``, as JSON, with ``values`` at their paths, scored by ``metric``. It ends
    after the fold at which the mean of its scores is worse than the limit of that fold (``limits``, empty for none).
    ``null`` numbers a trial on labels that are rotated against the features; ``rows`` identifies the rows, for a worker
    to keep for its next trial if ``keeps``.
    """

    base: str
    values: tuple[tuple[str, Any], ...]
    metric: str
    rows: str
    keeps: bool
    limits: tuple[float, ...] = ()
    null: int | None = None


@dataclass(frozen=True)
class Answer:
    """The ``scores`` of the folds, in order, as far as it was tested; the ``seconds`` it took; and why it has none."""

    scores: tuple[float, ...] = ()
    seconds: float = 0.0
    problem: str = ""

    def mean(self) -> float:
        """The mean over the folds; NaN without one, or where one of them is not defined."""
        return float(np.mean(self.scores)) if self.scores else float("nan")


def sign(metric: str) -> int:
    """1 where higher is better, -1 where lower is."""
    return -1 if metric in LOWER_IS_BETTER else 1


def answer(found: Parts, ask: Ask, progress: Progress) -> Answer:
    """The outcome of a trial on these rows. Values with which nothing can be trained have one too: it says why."""
    began = time.perf_counter()
    scores: list[float] = []
    try:
        spec = changed(ModelSpec.parse(json.loads(ask.base)), dict(ask.values))
        for number in range(len(found.folds)):
            progress(number / len(found.folds), "Training")
            with naming(number, len(found.folds)):
                scores.append(_score(spec, found, number, ask))
            if _falls_behind(scores, ask):
                break
    except (DataError, SpecError) as error:
        return Answer((), time.perf_counter() - began, str(error))
    return Answer(tuple(scores), time.perf_counter() - began, _undefined(scores))


def answer_in_worker(ask: Ask, progress: Progress) -> Answer:
    """``answer`` by a worker that has the request alone: it builds the rows itself."""
    rows = _rows if ask.keeps else _rows.__wrapped__
    return answer(rows(ask.base, ask.rows), ask, progress)


@lru_cache(maxsize=1)
def _rows(base: str, rows: str) -> Parts:
    """Rows and folds of the model in this JSON text, which ``rows`` identifies."""
    spec = ModelSpec.parse(json.loads(base))
    return parts(spec, *prepare(spec))


def _score(spec: ModelSpec, found: Parts, number: int, ask: Ask) -> float:
    rows = found.train(number)
    if ask.null is not None:
        rows = without_knowledge(rows, spec, ask.null)
    trained = fit_fold(spec, rows)
    test = found.test(number).processed(trained.processors)
    every = predicted(spec, trained, test, found)
    if ask.null is not None:
        every = rotated(every, test.symbol, spec, ask.null)
    scored = every.where(every.known)
    if not len(scored):
        return float("nan")
    if ask.metric == HEADLINE[scored.task]:
        return headline(scored.task, scored.label, scored.prediction)
    return out_of_sample(scored)[ask.metric]


def _falls_behind(scores: Sequence[float], ask: Ask) -> bool:
    if len(scores) > len(ask.limits):
        return False
    mean, limit = float(np.mean(scores)), ask.limits[len(scores) - 1]
    return sign(ask.metric) * (mean - limit) < 0


def _undefined(scores: Sequence[float]) -> str:
    missing = [str(number + 1) for number, score in enumerate(scores) if not np.isfinite(score)]
    return f"The score is not defined on fold {', '.join(missing)}." if missing else ""


def limits(reached: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The median of what earlier trials had ``reached`` after each fold but the last, in ascending order each, as far
    as ``UNPRUNED`` of them have come.
    """
    enough = takewhile(lambda means: len(means) >= UNPRUNED, reached[:-1])
    return tuple((means[(len(means) - 1) // 2] + means[len(means) // 2]) / 2 for means in enough)
