"""Features as their rank among the training rows."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.processors import Processor, State
from engine.market.bars import Floats


@plugin("rank", title="Rank")
class Rank(Processor):
    """The share of the training rows below a value, from 0 at their lowest and before it to 1 at their highest and
    beyond; equal values share the middle of theirs.

    Between so many quantiles of the training rows it is interpolated, as scikit-learn's QuantileTransformer does.
    """

    kind: Literal["rank"] = "rank"
    quantiles: int = parameter(
        200, title="Quantiles", help="Of the training rows, that are kept.", ge=10, le=1000, section="Features"
    )

    def label(self) -> str:
        return "rank"

    def fit(self, values: Floats) -> State:
        places = np.linspace(0, 1, min(self.quantiles, len(values)))
        return {"quantiles": np.maximum.accumulate(np.nanquantile(values, places, axis=0), axis=0).T}

    def apply(self, state: State, values: Floats) -> Floats:
        found = np.full(values.shape, np.nan)
        places = np.linspace(0, 1, state["quantiles"].shape[1])
        for column, known in enumerate(state["quantiles"]):
            own = values[:, column]
            below, above = np.interp(own, known, places), -np.interp(-own, -known[::-1], -places[::-1])
            inner = (below + above) / 2  # the two differ where values are equal
            outside = np.where(own <= known[0], 0.0, np.where(own >= known[-1], 1.0, inner))
            found[:, column] = np.where(np.isnan(own), np.nan, outside)
        return found
