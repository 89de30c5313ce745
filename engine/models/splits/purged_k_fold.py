"""Cross-validation in contiguous blocks of time, with rows around each test block purged."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.splits import Split
from engine.models.splits.fold import Fold, Timeline
from engine.models.splits.intervals import around, groups


@plugin("purged_k_fold", title="Purged k-fold")
class PurgedKFold(Split):
    """Every row is tested once, by a model trained on the blocks before and after (López de Prado 2018, section 7.4).

    Out of sample, but not in time: all models but that of the last block have seen bars that came after their test.
    """

    kind: Literal["purged_k_fold"] = "purged_k_fold"
    n_folds: int = parameter(
        5, title="Folds", help="Blocks of time, each the test of one model.", ge=2, le=50, section="Validation"
    )
    embargo: int = parameter(
        0,
        title="Embargo",
        unit="bars",
        help="Bars left out after each test block, beyond those that share bars with its labels.",
        ge=0,
        le=500,
        section="Validation",
    )

    def label(self) -> str:
        return f"{self.n_folds}-fold, purged"

    def folds(self, rows: Timeline) -> tuple[Fold, ...]:
        return tuple(around(rows, [span], self.embargo) for span in groups(rows, self.n_folds))

    def shares(self, bars: int) -> tuple[float, ...]:
        return (1 - 1 / self.n_folds,) * self.n_folds
