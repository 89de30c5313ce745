"""Base of the strategies on Bollinger bands."""

from __future__ import annotations

from engine.core.spec import parameter
from engine.indicators import channels
from engine.market.bars import Bars, Floats
from engine.strategies import Strategy


class Bands(Strategy):
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

    def warm_up(self) -> int:
        return self.window - 1

    def lower_middle_upper(self, bars: Bars) -> tuple[Floats, Floats, Floats]:
        lower, middle, upper = (channels.band(bars, self.window, width) for width in (-self.width, 0.0, self.width))
        return lower, middle, upper
