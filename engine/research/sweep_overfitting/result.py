"""Result of the tests of a sweep for overfitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats


@dataclass(frozen=True, eq=False)
class SweepOverfitting:
    """``engine.research.overfitting.Overfitting`` of ``columns`` combinations of a sweep, and the SPA test of the best.

    ``logit``, ``in_sample`` and ``out_of_sample`` have an entry a split. ``combinations`` are the places in the sweep
    of those that were looked at, of ``whole`` among which there is a choice (those at the backtest's own costs); they
    are drawn without a look at their results. ``spa_zero`` and ``spa_hold`` are the consistent p-values of the best
    over nothing and over holding the same symbols, ``superior`` the places of those superior to holding when the chance
    of naming any wrongly is held at 5%.
    """

    label: str
    family: str
    combinations: NDArray[np.int64]
    whole: int
    logit: Floats
    in_sample: Floats
    out_of_sample: Floats
    columns: int
    blocks: int
    probability: float
    slope: float | None
    intercept: float | None
    loss: float
    spa_zero: float
    spa_hold: float
    superior: NDArray[np.int64]

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "probability of overfitting": self.probability,
            "probability of loss": self.loss,
            "combinations": f"{self.columns} of {self.whole}",
            "p-value vs zero return": self.spa_zero,
            "p-value vs buy and hold": self.spa_hold,
        }
