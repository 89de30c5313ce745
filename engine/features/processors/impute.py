"""Features without gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.processors import Processor, State
from engine.market.bars import Floats


@plugin("impute", title="Impute")
class Impute(Processor):
    """What is unknown after the warm-up, replaced by the median, the mean or the lowest value of the training rows.

    Without it rows with an unknown feature are left out.
    """

    fills_unknown: ClassVar[bool] = True

    kind: Literal["impute"] = "impute"
    by: Literal["median", "mean", "lowest"] = parameter(
        "median", title="Impute by", help="Of the training rows.", section="Features",
        choices={"median": "Median", "mean": "Mean", "lowest": "Lowest"},
    )  # fmt: skip

    def label(self) -> str:
        return f"impute by {self.by}"

    def fit(self, values: Floats) -> State:
        each: dict[str, Callable[..., Floats]] = {"median": np.nanmedian, "mean": np.nanmean, "lowest": np.nanmin}
        return {"filler": each[self.by](values, axis=0)}

    def apply(self, state: State, values: Floats) -> Floats:
        return np.where(np.isnan(values), state["filler"], values)
