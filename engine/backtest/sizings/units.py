"""Sizing by a fixed number of units."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.backtest.sizings import Size, Sizing
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars


@plugin("units", title="Fixed units")
class Units(Sizing):
    """The same number of shares, coins or contracts for every position, as they were on the day of the fill."""

    kind: Literal["units"] = "units"
    units: float = parameter(100.0, title="Units", help="Size of a position.", gt=0, le=1e12, step=10, section="Sizing")

    def size(self, bars: Bars) -> Size:
        return Size("units", np.full(len(bars), self.units))
