"""Mean reversion from the Bollinger bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from engine.core.registry import plugin
from engine.market.bars import Bars
from engine.strategies import Signals, flags
from engine.strategies.bands import Bands


@plugin("bollinger_reversion", title="Bollinger reversion")
class BollingerReversion(Bands):
    """Long when the close is below the lower band, flat when it is above the mean; short above the upper band.

    The short side is closed when the close is below the mean.
    """

    kind: Literal["bollinger_reversion"] = "bollinger_reversion"

    def label(self) -> str:
        return f"Bollinger reversion {self.window}, {self.width:g}σ"

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        lower, middle, upper = self.lower_middle_upper(bars)
        return Signals(
            entries=flags.above(lower, bars.close),
            exits=flags.above(bars.close, middle),
            short_entries=flags.above(bars.close, upper),
            short_exits=flags.above(middle, bars.close),
        )
