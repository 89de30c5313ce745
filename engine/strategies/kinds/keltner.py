"""Breakouts from a channel of average true ranges."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import averages, channels, volatility
from engine.market.bars import Bars, Floats
from engine.strategies.conditional import Conditional
from engine.strategies.flags import Flags, above
from engine.strategies.rule_cache import shared


@plugin("keltner_breakout", title="Keltner breakout")
class KeltnerBreakout(Conditional):
    """Long when the close is above the upper line of the channel, out when it is below its middle; short mirrored.

    The channel is Keltner's (How to Make Money in Commodities, 1960) in the form that Raschke gave it: an exponential
    average in the middle, average true ranges (Wilder 1978) on either side.
    """

    kind: Literal["keltner_breakout"] = "keltner_breakout"
    elementwise: ClassVar[tuple[str, ...]] = ("width",)
    window: int = parameter(
        20, title="Window", unit="bars", help="Bars of the exponential average in the middle.",
        ge=2, le=1000, section="Strategy",
    )  # fmt: skip
    atr_window: int = parameter(
        10, title="Range window", unit="bars", help="Bars of the average true range.", ge=2, le=500, section="Strategy"
    )
    width: float = parameter(
        2.0,
        title="Width",
        unit="ATR",
        help="Distance of the lines from the middle, in average true ranges.",
        ge=0.1,
        le=10,
        step=0.1,
        section="Strategy",
    )

    def label(self) -> str:
        return f"Keltner {self.window}, {self.width:g} ATR {self.atr_window}"

    def warm_up(self) -> int:
        return channels.keltner_warm_up(self.window, self.atr_window)

    def entries(self, bars: Bars) -> Flags:
        return above(bars.close, self._middle(bars) + self._reach(bars))

    def exits(self, bars: Bars) -> Flags:
        return above(self._middle(bars), bars.close)

    def short_entries(self, bars: Bars) -> Flags:
        return above(self._middle(bars) - self._reach(bars), bars.close)

    def short_exits(self, bars: Bars) -> Flags:
        return above(bars.close, self._middle(bars))

    def _middle(self, bars: Bars) -> Floats:
        return shared(averages.ema, bars, self.window)

    def _reach(self, bars: Bars) -> Floats:
        return self.width * shared(volatility.atr, bars, self.atr_window)
