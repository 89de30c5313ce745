"""Breakouts from a channel of average true ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import averages, channels, volatility
from engine.market.bars import Bars
from engine.strategies import Signals, Strategy, flags


@plugin("keltner_breakout", title="Keltner breakout")
class KeltnerBreakout(Strategy):
    """Long when the close is above the upper line of the channel, out when it is below its middle; short mirrored.

    The channel is Keltner's (How to Make Money in Commodities, 1960) in the form that Raschke gave it: an exponential
    average in the middle, average true ranges (Wilder 1978) on either side.
    """

    kind: Literal["keltner_breakout"] = "keltner_breakout"
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

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        middle = averages.ema(bars, self.window)
        reach = self.width * volatility.atr(bars, self.atr_window)
        return flags.masked_signals(
            bars,
            self.warm_up(),
            entries=flags.above(bars.close, middle + reach),
            exits=flags.above(middle, bars.close),
            short_entries=flags.above(middle - reach, bars.close),
            short_exits=flags.above(bars.close, middle),
        )
