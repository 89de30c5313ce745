"""Training one model on the rows before the test."""

from __future__ import annotations

import time
from dataclasses import dataclass

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.models import Fitted, Model, OnRound
from engine.models.rows import Rows
from engine.models.splits import chronological

VALIDATION_FRACTION = 0.2
FEWEST_ROWS = 20
_REPORT_EVERY = 0.04
_CURVE_POINTS = 300


@dataclass(frozen=True, eq=False)
class Learnt:
    """A fitted model with the rows that it was ``fitted_on``, and how many others stopped it or were purged."""

    fitted: Fitted
    fitted_on: Rows
    n_validation: int
    n_purged: int


def learn(model: Model, train: Rows, seed: int, on_round: OnRound | None = None) -> Learnt:
    """Fit ``model`` on ``train``.

    Where the model wants validation rows they are the latest fifth of ``train``, and rows whose labels reach
    into it are purged, as at the test. Raises ``DataError`` where too little is left or only one label occurs.
    """
    if not model.wants_validation():
        require_both(train, "training")
        return Learnt(model.fit(train.sample(), None, seed, on_round), train, 0, 0)
    split = chronological(train.time, train.end, VALIDATION_FRACTION)
    earlier, later = train.where(split.train), train.where(split.test)
    require_both(earlier, "training")
    fitted = model.fit(earlier.sample(), later.sample(), seed, on_round)
    return Learnt(fitted, earlier, len(later), int(split.purged.sum()))


def require_both(rows: Rows, part: str) -> None:
    """Raise ``DataError`` unless ``rows`` are enough and both labels occur."""
    if len(rows) < FEWEST_ROWS:
        raise DataError(
            f"Only {len(rows)} rows are left in the {part} part after warm-up and purging: choose a longer range "
            "of days, a shorter horizon, or features with shorter windows."
        )
    rises = int((rows.label == 1).sum())
    if rises in (0, len(rows)):
        always = "a rise" if rises else "a fall"
        raise DataError(
            f"Every label in the {part} part is {always}: change the threshold or the horizon, or choose a longer "
            "range of days."
        )


class LossCurve:
    """Reports rounds to ``progress`` with the loss curve so far, thinned to a few hundred points.

    The curve is {"rounds": [...], "train": [...], "validation": [...]}; rounds that follow within 40 ms of a report
    are shown with the next one.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._train: list[float] = []
        self._validation: list[float] = []
        self._reported = 0.0

    def __call__(self, done: int, total: int, train: float, validation: float | None) -> None:
        self._train.append(train)
        if validation is not None:
            self._validation.append(validation)
        now = time.monotonic()
        if now - self._reported >= _REPORT_EVERY or done == total:
            self._reported = now
            self._progress(done / total, f"Training: round {done:,} of {total:,}", self.partial())

    def partial(self) -> dict[str, object]:
        """The curve so far."""
        count = len(self._train)
        at = range(0, count, -(-count // _CURVE_POINTS)) if count else range(0)
        return {
            "rounds": [index + 1 for index in at],
            "train": [self._train[index] for index in at],
            "validation": [self._validation[index] for index in at] if self._validation else [],
        }
