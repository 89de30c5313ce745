"""Features in interquartile ranges from their median."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.features.processors import Processor, State, scale_or_one
from engine.market.bars import Floats


@plugin("robust", title="Robust scale")
class Robust(Processor):
    """Distance from the median of the training rows in their interquartile ranges, which a few extreme values do not
    move; in the feature's own unit where the quartiles are equal.
    """

    kind: Literal["robust"] = "robust"

    def label(self) -> str:
        return "robust scale"

    def fit(self, values: Floats) -> State:
        low, median, high = np.nanquantile(values, (0.25, 0.5, 0.75), axis=0)
        return {"median": median, "range": scale_or_one(low, high, high - low)}

    def apply(self, state: State, values: Floats) -> Floats:
        return (values - state["median"]) / state["range"]
