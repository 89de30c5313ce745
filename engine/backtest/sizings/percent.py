"""Sizing by a fraction of the equity."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.backtest.sizings import Size, Sizing
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars


@plugin("percent", title="Part of equity")
class Percent(Sizing):
    """A fixed fraction of the equity at the fill, commission included; 1 is all of it."""

    kind: Literal["percent"] = "percent"
    part: float = parameter(
        1.0,
        title="Part",
        percent=True,
        help="Fraction of the equity when the order fills.",
        gt=0,
        le=20,
        step=0.05,
        section="Sizing",
    )

    def fixed_part(self) -> float | None:
        return self.part

    def size(self, bars: Bars) -> Size:
        return Size("equity", np.full(len(bars), self.part))
