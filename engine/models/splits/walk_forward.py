"""Walk-forward: a model is trained anew every so many bars, and tested on those up to the next one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.splits import Split
from engine.models.splits.fold import NEVER, Fold, Timeline
from engine.models.splits.intervals import forward

MAXIMUM_FOLDS = 500


@plugin("walk_forward", title="Walk-forward")
class WalkForward(Split):
    """Trained anew every so many bars on what came before, and tested on the bars until the next training.

    Bars are counted over the times of all symbols. A remainder of less than half as many is tested with the fold
    before it.
    """

    kind: Literal["walk_forward"] = "walk_forward"
    training: Literal["anchored", "rolling"] = parameter(
        "anchored",
        title="Training",
        help="From the first bar on, or on the latest bars only.",
        choices={"anchored": "From the start", "rolling": "Rolling window"},
        section="Validation",
    )
    train_bars: int = parameter(
        500,
        title="First training",
        unit="bars",
        help="Bars before the first test; with a rolling window those of every training.",
        ge=20,
        le=1_000_000,
        section="Validation",
    )
    retrain_every: int = parameter(
        125, title="Retrain every", unit="bars", help="Bars of each test.", ge=1, le=1_000_000, section="Validation"
    )
    embargo: int = parameter(
        0,
        title="Embargo",
        unit="bars",
        help="Bars left out before each test, beyond those whose labels reach into it.",
        ge=0,
        le=500,
        section="Validation",
    )

    def label(self) -> str:
        return f"walk-forward, {self.training}, every {self.retrain_every:,} bars"

    def folds(self, rows: Timeline) -> tuple[Fold, ...]:
        moments = np.unique(rows.time)
        starts = self._starts(len(moments))
        if not starts:
            raise DataError(
                f"{len(moments):,} bars after warm-up leave none to test after a first training of "
                f"{self.train_bars:,}: choose a shorter one, or a longer range."
            )
        if len(starts) > MAXIMUM_FOLDS:
            raise DataError(
                f"A model every {self.retrain_every:,} bars would be {len(starts):,} models, more than "
                f"{MAXIMUM_FOLDS}: retrain less often."
            )
        stops = [*(moments[start] for start in starts[1:]), NEVER]
        since = [moments[start - self.train_bars] if self.training == "rolling" else None for start in starts]
        return tuple(
            forward(rows, moments[start], stop, self.embargo, first)
            for start, stop, first in zip(starts, stops, since, strict=True)
        )

    def shares(self, bars: int) -> tuple[float, ...]:
        trained = [self.train_bars if self.training == "rolling" else start for start in self._starts(bars)]
        return tuple(count / max(bars, 1) for count in trained[:MAXIMUM_FOLDS]) or (1.0,)

    def _starts(self, bars: int) -> list[int]:
        """The bar at which each test starts."""
        starts = list(range(self.train_bars, bars, self.retrain_every))
        if len(starts) > 1 and 2 * (bars - starts[-1]) < self.retrain_every:
            starts.pop()
        return starts
