"""Base of the strategies on Bollinger bands."""

from __future__ import annotations

from typing import ClassVar

from engine.core.spec import parameter
from engine.indicators import channels
from engine.market.bars import Bars, Floats
from engine.strategies.conditional import Conditional
from engine.strategies.rule_cache import shared


class Bands(Conditional):
    """A moving average of closes with bands of standard deviations (Bollinger on Bollinger Bands, 2001)."""

    window: int = parameter(
        20, title="Window", unit="bars", help="Closes in the mean and in the standard deviation.",
        ge=2, le=1000, section="Strategy",
    )  # fmt: skip
    width: float = parameter(
        2.0,
        title="Width",
        unit="σ",
        help="Distance of the bands from the mean, in standard deviations of the window's closes.",
        ge=0.1,
        le=10,
        step=0.1,
        section="Strategy",
    )

    elementwise: ClassVar[tuple[str, ...]] = ("width",)

    def warm_up(self) -> int:
        return self.window - 1

    def _band(self, bars: Bars, width: float) -> Floats:
        """The line ``width`` deviations above the mean."""
        return self._middle(bars) + width * shared(channels.deviation, bars, self.window)

    def _middle(self, bars: Bars) -> Floats:
        return shared(channels.band, bars, self.window, 0.0)
