"""One cut in time: the latest part of the rows is the test."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.splits import Split
from engine.models.splits.fold import NEVER, Fold, Timeline
from engine.models.splits.intervals import cut, forward


@plugin("chronological", title="One test part")
class Chronological(Split):
    """Trained once on the earlier rows, tested on the latest ones."""

    kind: Literal["chronological"] = "chronological"
    test_fraction: float = parameter(
        0.3,
        title="Test part",
        percent=True,
        help="Latest share of the bars, held out from training and used for the score.",
        ge=0.1,
        le=0.9,
        step=0.05,
        section="Validation",
    )
    embargo: int = parameter(
        0,
        title="Embargo",
        unit="bars",
        help="Bars left out before the test, beyond those whose labels reach into it.",
        ge=0,
        le=500,
        section="Validation",
    )

    def label(self) -> str:
        return f"latest {self.test_fraction:.0%}"

    def folds(self, rows: Timeline) -> tuple[Fold, ...]:
        return (forward(rows, cut(rows.time, self.test_fraction), NEVER, self.embargo),)

    def shares(self, bars: int) -> tuple[float, ...]:
        return (1 - self.test_fraction,)
