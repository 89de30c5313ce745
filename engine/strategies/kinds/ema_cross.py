"""Crossing of two exponential averages."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import averages
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import AverageCross


@plugin("ema_cross", title="EMA cross")
class EmaCross(AverageCross):
    """Long from the close at which the fast exponential average rises above the slow one until it falls below it.

    Both averages are seeded with a simple one and used once its influence has faded, after 3.75 windows: see
    ``indicators.averages``.
    """

    kind: Literal["ema_cross"] = "ema_cross"
    fast: int = parameter(
        20, title="Fast window", unit="bars", help="Bars of the fast average.", ge=2, le=999, section="Strategy"
    )
    slow: int = parameter(
        100, title="Slow window", unit="bars", help="Bars of the slow average.", ge=3, le=1000, section="Strategy"
    )

    def label(self) -> str:
        return f"EMA {self.fast}/{self.slow}"

    def warm_up(self) -> int:
        return averages.ema_warm_up(self.slow) + 1

    def average(self, bars: Bars, window: int) -> Floats:
        return averages.ema(bars, window)
