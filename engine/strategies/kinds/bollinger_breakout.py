"""Breakout from the Bollinger bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from engine.core.registry import plugin
from engine.market.bars import Bars
from engine.strategies import Signals, flags
from engine.strategies.bands import Bands


@plugin("bollinger_breakout", title="Bollinger breakout")
class BollingerBreakout(Bands):
    """Long when the close is above the upper band, flat when it is below the mean; short below the lower band.

    The short side is closed when the close is above the mean.
    """

    kind: Literal["bollinger_breakout"] = "bollinger_breakout"

    def label(self) -> str:
        return f"Bollinger breakout {self.window}, {self.width:g}σ"

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        lower, middle, upper = self.lower_middle_upper(bars)
        return Signals(
            entries=flags.above(bars.close, upper),
            exits=flags.above(middle, bars.close),
            short_entries=flags.above(lower, bars.close),
            short_exits=flags.above(bars.close, middle),
        )
