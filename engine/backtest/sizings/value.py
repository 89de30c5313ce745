"""Sizing by a fixed value."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.backtest.sizings import Size, Sizing
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars


@plugin("value", title="Fixed value")
class Value(Sizing):
    """The same value for every position, regardless of the equity; commission comes on top."""

    kind: Literal["value"] = "value"
    value: float = parameter(
        10_000.0,
        title="Value",
        help="Value of a position, in the currency.",
        gt=0,
        le=1e12,
        step=1000,
        section="Sizing",
    )

    def size(self, bars: Bars) -> Size:
        return Size("value", np.full(len(bars), self.value))
