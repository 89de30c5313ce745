"""A model at each of a grid of thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.result import trial_of
from engine.core.store import Trial
from engine.market.bars import Floats, Times


@dataclass(frozen=True, eq=False)
class Followed:
    """Calls of a class, and the accounts that followed them, one for each way of calling (ways).

    ``share`` of the scored rows were called; ``precision``, ``recall``, ``f1``, ``mcc`` and ``accuracy`` are those of
    ``confusion.measures``, NaN where undefined. ``trades`` were opened, the share ``winning`` of them with a profit;
    ``total_return`` and the annualised ``sharpe`` are those of the account, NaN where undefined. ``equity`` is (ways,
    times).
    """

    share: Floats
    precision: Floats
    recall: Floats
    f1: Floats
    mcc: Floats
    accuracy: Floats
    trades: NDArray[np.int64]
    winning: Floats
    total_return: Floats
    sharpe: Floats
    equity: Floats


@dataclass(frozen=True, eq=False)
class ThresholdResult:
    """``tried`` at each of ``thresholds``, ascending, on the test rows.

    ``fitted`` (folds) is the threshold that the training rows of each fold choose (``threshold_choice``), NaN where
    they are too few; ``by_training`` is what calling each test by that of its own fold gives, one half where there is
    none. ``time`` datetime64[ms] (times) are those of the equities, from ``capital``, thinned to what a screen shows;
    ``benchmark`` is buy and hold on them. ``observations`` are the returns behind a ratio, ``periods_per_year`` what
    annualises it. ``warnings`` say what the predictions cannot be used for.
    """

    label: str
    family: str
    thresholds: Floats
    tried: Followed
    fitted: Floats
    by_training: Followed
    time: Times
    benchmark: Floats
    capital: float
    rows: int
    observations: int
    periods_per_year: float
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.thresholds)

    def nearest(self, threshold: float) -> int:
        """The place of the threshold that is nearest."""
        return int(np.abs(self.thresholds - threshold).argmin())

    @property
    def typical(self) -> float:
        """The median of the thresholds that training rows choose, one half where none does."""
        known = self.fitted[np.isfinite(self.fitted)]
        return float(np.median(known)) if len(known) else 0.5

    def trial(self) -> Trial:
        """One entry of the ledger for all thresholds: each is a backtest that was looked at."""
        return trial_of(self.family, self.tried.sharpe, len(self), self.periods_per_year, self.observations)

    def summary(self) -> Mapping[str, object]:
        best = int(np.nan_to_num(self.tried.sharpe, nan=-np.inf).argmax())
        return {
            "label": self.label,
            "thresholds": len(self),
            "first": float(self.thresholds[0]),
            "last": float(self.thresholds[-1]),
            "chosen by training rows": round(self.typical, 6),
            "best": {"threshold": float(self.thresholds[best]), "sharpe": round(float(self.tried.sharpe[best]), 6)},
        }
