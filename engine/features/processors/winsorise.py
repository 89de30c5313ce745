"""Features without their extremes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.processors import Processor, State
from engine.market.bars import Floats


@plugin("winsorise", title="Winsorise")
class Winsorise(Processor):
    """Values beyond a quantile of the training rows, cut to it at either end."""

    kind: Literal["winsorise"] = "winsorise"
    share: float = parameter(
        0.01, title="Share", percent=True, help="Part of the training rows beyond each limit.", gt=0, lt=0.5,
        step=0.005, section="Features",
    )  # fmt: skip

    def label(self) -> str:
        return f"winsorise {100 * self.share:g}%"

    def fit(self, values: Floats) -> State:
        low, high = np.nanquantile(values, (self.share, 1 - self.share), axis=0)
        return {"low": low, "high": high}

    def apply(self, state: State, values: Floats) -> Floats:
        return np.clip(values, state["low"], state["high"])
