"""Features in standard deviations from their mean."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.features.processors import Processor, State, scale_or_one
from engine.market.bars import Floats


@plugin("zscore", title="Z-score")
class ZScore(Processor):
    """Distance from the mean of the training rows in their standard deviations (n); 0 for a feature that is constant
    on them.
    """

    kind: Literal["zscore"] = "zscore"

    def label(self) -> str:
        return "z-score"

    def fit(self, values: Floats) -> State:
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        return {
            "mean": np.nanmean(values, axis=0),
            "deviation": scale_or_one(low, high, np.nanstd(values, axis=0)),
        }

    def apply(self, state: State, values: Floats) -> Floats:
        return (values - state["mean"]) / state["deviation"]
