"""The result of scoring a registered model on the newest bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.store import Labelled
from engine.labels import Task
from engine.market.bars import Floats, Times
from engine.models.scores import HEADLINE, Scored
from engine.research.service.drift import Drift


@dataclass(frozen=True, eq=False)
class Period:
    """Scores over some bars, from ``first`` to ``last`` (ISO times, empty where there is none): ``rows`` predictions,
    of which ``scored`` have a known label. ``scores`` are those of ``scores.out_of_sample``, empty where nothing can be
    scored, and ``intervals`` (scores, 2) their 95% block-bootstrap intervals, empty where there are too few bars.
    ``total_return`` and the annualised ``sharpe`` are those of the paper account, NaN where there is none.
    """

    first: str
    last: str
    rows: int
    scored: int
    scores: dict[str, float]
    intervals: Floats
    total_return: float
    sharpe: float

    def interval(self, name: str) -> tuple[float, float] | None:
        """The 95% interval of a score, None where there is none."""
        names = list(self.scores)
        if name not in names or names.index(name) >= len(self.intervals):
            return None
        low, high = self.intervals[names.index(name)]
        return (float(low), float(high)) if np.isfinite(low) else None


@dataclass(frozen=True)
class Change:
    """The score ``name`` on the newest bars less that of the test at training, with its 95% band; NaN for no band."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class MonitorResult(Labelled):
    """A served model after its training. ``test`` are the bars of the run's own test, by which it was chosen, and
    ``newest`` those that came after all data of the run; ``changes`` are of scores from the one to the other.

    ``inputs`` is the drift of each feature from the training rows to the newest bars, and ``output`` that of what the
    predictions say of a rise, from the test to the newest bars: on the rows that it has learned from a model is more
    certain than it will ever be again.

    Over the rows that were predicted, symbol after symbol: ``time`` datetime64[ms], ``known`` in UTC, ``end``, the bar
    that ends the label (NaT where it is not known), ``symbol`` int32, ``prediction``, ``base``, ``outcome`` and
    ``realised`` as in ``ModelResult``, and ``is_new``. The paper account (``paper.account``): ``paper_time``,
    ``equity`` and ``benchmark`` out of ``capital``, empty where there is none. ``notes`` say what is missing, and why.
    """

    label: str
    model: str
    task: Task
    unit: str
    horizon: int
    symbols: tuple[str, ...]
    test: Period
    newest: Period
    changes: tuple[Change, ...]
    inputs: tuple[Drift, ...]
    output: Drift
    time: Times
    known: Times
    end: Times
    symbol: NDArray[np.int32]
    prediction: Floats
    base: Floats
    outcome: Floats
    realised: Floats
    is_new: NDArray[np.bool_]
    paper_time: Times
    equity: Floats
    benchmark: Floats
    capital: float
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The main score of its task."""
        return HEADLINE[self.task]

    @property
    def beyond(self) -> tuple[Drift, ...]:
        """The inputs that have moved farther than chance moves one in twenty."""
        return tuple(item for item in self.inputs if item.is_beyond)

    def scored(self) -> Scored:
        """All rows."""
        return Scored(self.task, self.outcome, self.prediction, self.base, self.realised)

    def summary(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "test": _plain(self.test),
            "newest": _plain(self.newest),
            "changes": {
                item.name: [_number(item.value), _number(item.low), _number(item.high)] for item in self.changes
            },
            "inputs": [_drift(item) for item in self.inputs],
            "output": _drift(self.output),
            "notes": list(self.notes),
        }


def _plain(period: Period) -> dict[str, object]:
    return {
        "first": period.first,
        "last": period.last,
        "rows": period.rows,
        "scored": period.scored,
        "scores": {name: _number(value) for name, value in period.scores.items()},
        "total_return": _number(period.total_return),
        "sharpe": _number(period.sharpe),
    }


def _drift(item: Drift) -> dict[str, object]:
    names = ("shift", "low", "high", "wasserstein", "wasserstein_null", "psi", "psi_null", "ks", "ks_null")
    return {"name": item.name, "beyond": item.is_beyond} | {name: _number(getattr(item, name)) for name in names}


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
