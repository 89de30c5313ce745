"""Crossing of two adaptive moving averages."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import averages
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import AverageCross


@plugin("kama_cross", title="KAMA cross")
class KamaCross(AverageCross):
    """Long from the close at which the fast adaptive average rises above the slow one until it falls below it.

    Kaufman's adaptive moving average (Smarter Trading, 1995) follows a trend quickly and stands nearly still while the
    price only oscillates, which spares the crossings of a market without direction.
    """

    kind: Literal["kama_cross"] = "kama_cross"
    fast: int = parameter(
        10,
        title="Fast window",
        unit="bars",
        help="Bars over which the fast average measures the efficiency of the trend.",
        ge=2,
        le=499,
        section="Strategy",
    )
    slow: int = parameter(
        50,
        title="Slow window",
        unit="bars",
        help="Bars over which the slow average measures the efficiency of the trend.",
        ge=3,
        le=500,
        section="Strategy",
    )

    def label(self) -> str:
        return f"KAMA {self.fast}/{self.slow}"

    def warm_up(self) -> int:
        return averages.kama_warm_up(self.slow) + 1

    def average(self, bars: Bars, window: int) -> Floats:
        return averages.kama(bars, window)
