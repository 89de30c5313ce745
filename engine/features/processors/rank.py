"""Features as their rank among the training rows."""

from __future__ import annotations

from typing import Any, Literal

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
        given: Any = values
        if not isinstance(given, np.ndarray):
            return _written(state["quantiles"], given)
        found = np.full(values.shape, np.nan)
        places = np.linspace(0, 1, state["quantiles"].shape[1])
        for column, known in enumerate(state["quantiles"]):
            own = values[:, column]
            below, above = np.interp(own, known, places), -np.interp(-own, -known[::-1], -places[::-1])
            inner = (below + above) / 2  # the two differ where values are equal
            outside = np.where(own <= known[0], 0.0, np.where(own >= known[-1], 1.0, inner))
            found[:, column] = np.where(np.isnan(own), np.nan, outside)
        return found


def _written(quantiles: Floats, values: Any) -> Floats:
    """``apply`` to rows that are written down instead of computed, or to an array: each interval between two quantiles
    adds the part of it that a value has passed; one without width half at it, and all beyond. Raises ``TypeError`` for
    windows of rows, each of whose values would be held as often as there are quantiles.
    """
    if values.ndim != 2:
        raise TypeError("Ranks are written for rows alone.")
    ranked = []
    for column, known in enumerate(quantiles):
        own = values[:, column : column + 1]
        low, width = known[:-1], np.diff(known)
        through = np.clip((own - low) / np.where(width > 0, width, 1.0), 0.0, 1.0)
        at_once = np.where(own > low, 1.0, np.where(own >= low, 0.5, 0.0))
        inner = (through * (width > 0) + at_once * (width <= 0)).sum(1)[:, None] / len(width)
        ranked.append(np.where(own <= known[0], 0.0, np.where(own >= known[-1], 1.0, inner)))
    found: Floats = np.where(np.isnan(values), np.nan, np.concatenate(ranked, axis=1))
    return found
