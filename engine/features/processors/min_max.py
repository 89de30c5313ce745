"""Features on a scale from their lowest to their highest value."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.features.processors import Processor, State, scale_or_one
from engine.market.bars import Floats


@plugin("min_max", title="Min-max")
class MinMax(Processor):
    """0 at the lowest value of the training rows, 1 at the highest; later rows may lie beyond. 0 at the value of a
    feature that is constant on them.
    """

    kind: Literal["min_max"] = "min_max"

    def label(self) -> str:
        return "min-max"

    def fit(self, values: Floats) -> State:
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        return {"low": low, "span": scale_or_one(low, high, high - low)}

    def apply(self, state: State, values: Floats) -> Floats:
        return (values - state["low"]) / state["span"]
