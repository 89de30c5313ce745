"""Crossing of two simple moving averages."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import averages
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import AverageCross


@plugin("sma_cross", title="SMA cross")
class SmaCross(AverageCross):
    """Long from the close at which the fast average rises above the slow one until it falls below it.

    A crossing needs both averages on both bars: a fast average that is above from the first comparable bar on is no
    entry.
    """

    kind: Literal["sma_cross"] = "sma_cross"
    fast: int = parameter(
        50,
        title="Fast window",
        unit="bars",
        help="Bars of the fast average.",
        ge=2,
        le=999,
        section="Strategy",
    )
    slow: int = parameter(
        200,
        title="Slow window",
        unit="bars",
        help="Bars of the slow average.",
        ge=3,
        le=1000,
        section="Strategy",
    )

    def label(self) -> str:
        return f"SMA {self.fast}/{self.slow}"

    def warm_up(self) -> int:
        return self.slow

    def average(self, bars: Bars, window: int) -> Floats:
        return averages.sma(bars.close, window)
