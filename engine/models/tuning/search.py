"""The course of a search: trials are chosen, spread over the cluster, told to the estimator in their order, and kept.

A trial is chosen when all but the latest ``parallel - 1`` before it have been told, whatever else has ended: what it is
does not depend on who was faster. So a search that was stopped goes on as if it had not been, from what it has kept.
"""

from __future__ import annotations

import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from engine.core.progress import Progress
from engine.core.spec import canonical_json
from engine.jobs.cluster import distributes, pooled
from engine.jobs.fan_out import Pool
from engine.market.bars import Floats
from engine.models.preparation import Parts
from engine.models.tuning.deflation import best_of, running_means
from engine.models.tuning.kept import KeptTrials
from engine.models.tuning.objective import Answer, Ask, answer, answer_in_worker, limits, sign
from engine.models.tuning.proposals import Values, proposals
from engine.models.tuning.result import COMPLETE, FAILED, PRUNED, REPEATED
from engine.models.tuning.space import Dimension
from engine.models.tuning.spec import TuningSpec

KEPT_BYTES = 200_000_000
"""Size of a matrix of features up to which a worker keeps the rows of a tuning for its next trial."""
_SHOWN, _PAUSE = 400, 0.25  # trials of the preview; least seconds between two of them


@dataclass(frozen=True)
class Tried:
    """A trial that has ended: its ``values`` on the axes, and its ``state``, a place in ``result.STATES``."""

    values: Values
    answer: Answer
    state: int


class Search:
    """The trials of ``spec`` on its rows ``found``, which ``rows`` identifies."""

    def __init__(
        self, spec: TuningSpec, dimensions: Sequence[Dimension], found: Parts, rows: str, progress: Progress
    ) -> None:
        self.tried: list[Tried] = []
        self._spec, self._dimensions, self._found, self._progress = spec, dimensions, found, progress
        self._base, self._metric = canonical_json(spec.base), spec.score()
        self._rows, self._keeps = rows, found.rows.matrix.nbytes <= KEPT_BYTES
        self._proposals, self._kept = proposals(spec, dimensions), KeptTrials(rows)
        self._first: dict[Values, int] = {}
        self._reached: list[list[float]] = [[] for _ in found.folds]
        self._due = 0.0
        self._total = spec.size()

    def run(self) -> list[Tried]:
        """All trials, or as many as there are different values. Raises ``Cancelled``."""
        every, asked = prod(item.size() for item in self._dimensions), 0
        waiting: deque[tuple[int, Values]] = deque()
        with pooled(self._function(), self._spec.parallel, self._report) as pool:
            while True:
                while asked < self._total and len(waiting) < self._spec.parallel and len(self._first) < every:
                    waiting.append((asked, self._ask(asked, pool)))
                    asked += 1
                if not waiting:
                    return self.tried
                self._tell(*waiting.popleft(), pool)

    def null_scores(self, values: Values, progress: Progress) -> Floats:
        """The scores of these values on rotated labels, sorted, as many as the model asks for."""
        count = self._spec.base.null_fits
        done: dict[int, float] = {}

        def report() -> None:
            progress(len(done) / max(count, 1), f"Null models of the best: {len(done)} of {count}")

        with pooled(self._function(), count, report) as pool:
            for number in range(count):
                pool.send(number, self._request(values, null=number))
            for number in range(count):
                done[number] = pool.value(number).mean()
        return np.sort([score for score in done.values() if np.isfinite(score)])

    def _function(self) -> Callable[[Ask, Progress], Answer]:
        return answer_in_worker if distributes(self._spec.parallel) else partial(answer, self._found)

    def _ask(self, number: int, pool: Pool[Ask, Answer]) -> Values:
        values = self._proposals.ask(number)
        if self._first.setdefault(values, number) == number and self._kept.get(number, values) is None:
            pool.send(number, self._request(values, limits(self._reached) if self._spec.pruning else ()))
        return values

    def _tell(self, number: int, values: Values, pool: Pool[Ask, Answer]) -> None:
        earlier = self._first[values]
        if earlier < number:
            found, state = self.tried[earlier].answer, REPEATED
        else:
            known = self._kept.get(number, values)
            found = known or pool.value(number)
            state = self._state(found)
            if known is None:
                self._kept.add(number, values, found)
            if state != FAILED:
                for means, mean in zip(self._reached, running_means(np.array([found.scores]))[0], strict=False):
                    insort(means, float(mean))
        self.tried.append(Tried(values, found, state))
        self._proposals.tell(number, found, pruned=len(found.scores) < len(self._found.folds))
        self._report()

    def _state(self, found: Answer) -> int:
        if not np.isfinite(found.mean()):
            return FAILED
        return COMPLETE if len(found.scores) == len(self._found.folds) else PRUNED

    def _request(self, values: Values, ends: tuple[float, ...] = (), null: int | None = None) -> Ask:
        plain = tuple(
            (item.scale.path, item.scale.plain(value)) for item, value in zip(self._dimensions, values, strict=True)
        )
        return Ask(self._base, plain, self._metric, self._rows, self._keeps, ends, null)

    def _report(self) -> None:
        partial, now = None, time.monotonic()
        if now > self._due and self.tried:
            partial = self._partial()
            self._due = time.monotonic() + max(_PAUSE, 5 * (time.monotonic() - now))
        self._progress(len(self.tried) / self._total, f"{len(self.tried):,} of {self._total:,} trials", partial)

    def _partial(self) -> Mapping[str, Any]:
        """The trials so far, thinned: each that was the best when it ended, and an even choice of the others."""
        scores = np.array([item.answer.mean() for item in self.tried])
        states = np.array([item.state for item in self.tried], dtype=int)
        oriented = np.where(states == COMPLETE, sign(self._metric) * scores, -np.inf)
        before = np.maximum.accumulate(np.concatenate([[-np.inf], oriented[:-1]]))
        better = np.flatnonzero(oriented > before)
        even = np.linspace(0, len(scores) - 1, min(len(scores), _SHOWN)).astype(int)
        shown = np.union1d(better[-_SHOWN:], even).astype(int)
        known = np.where(np.isfinite(scores), scores, np.nan)
        return {
            "metric": self._metric,
            "of": self._total,
            "number": (shown + 1).tolist(),
            "score": [None if np.isnan(known[place]) else float(known[place]) for place in shown],
            "state": states[shown].tolist(),
        }


def best(tried: Sequence[Tried], metric: str) -> int | None:
    """The number of the best complete trial; None where there is none."""
    scores = [item.answer.mean() if item.state == COMPLETE else float("nan") for item in tried]
    return best_of(scores, sign(metric))
