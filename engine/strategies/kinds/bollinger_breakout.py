"""Breakout from the Bollinger bands."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.market.bars import Bars
from engine.strategies.bands import Bands
from engine.strategies.flags import Flags, above


@plugin("bollinger_breakout", title="Bollinger breakout")
class BollingerBreakout(Bands):
    """Long when the close is above the upper band, flat when it is below the mean; short below the lower band.

    The short side is closed when the close is above the mean.
    """

    kind: Literal["bollinger_breakout"] = "bollinger_breakout"

    def label(self) -> str:
        return f"Bollinger breakout {self.window}, {self.width:g}σ"

    def entries(self, bars: Bars) -> Flags:
        return above(bars.close, self._band(bars, self.width))

    def exits(self, bars: Bars) -> Flags:
        return above(self._middle(bars), bars.close)

    def short_entries(self, bars: Bars) -> Flags:
        return above(self._band(bars, -self.width), bars.close)

    def short_exits(self, bars: Bars) -> Flags:
        return above(bars.close, self._middle(bars))
