"""Mean reversion from the Bollinger bands."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.market.bars import Bars
from engine.strategies.bands import Bands
from engine.strategies.flags import Flags, above


@plugin("bollinger_reversion", title="Bollinger reversion")
class BollingerReversion(Bands):
    """Long when the close is below the lower band, flat when it is above the mean; short above the upper band.

    The short side is closed when the close is below the mean.
    """

    kind: Literal["bollinger_reversion"] = "bollinger_reversion"

    def label(self) -> str:
        return f"Bollinger reversion {self.window}, {self.width:g}σ"

    def entries(self, bars: Bars) -> Flags:
        return above(self._band(bars, -self.width), bars.close)

    def exits(self, bars: Bars) -> Flags:
        return above(bars.close, self._middle(bars))

    def short_entries(self, bars: Bars) -> Flags:
        return above(bars.close, self._band(bars, self.width))

    def short_exits(self, bars: Bars) -> Flags:
        return above(self._middle(bars), bars.close)
