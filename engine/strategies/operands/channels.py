"""Bands and channels around the price."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars, Floats
from engine.strategies import lines
from engine.strategies.rules import Lagged


@plugin("bollinger", title="Bollinger band")
class BollingerLine(Lagged):
    """Mean of the closes plus some of their standard deviations; a negative width is the lower band."""

    kind: Literal["bollinger"] = "bollinger"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, section="Strategy")
    width: float = parameter(
        2.0, title="Width", unit="σ", help="Below 0 for the lower band.", ge=-10, le=10, step=0.1, section="Strategy"
    )

    def settled(self) -> int:
        return self.window - 1

    def now(self, bars: Bars) -> Floats:
        return lines.band(bars, self.window, self.width)

    def name(self) -> str:
        return f"Bollinger {self.window}, {self.width:+g}σ"


@plugin("keltner", title="Keltner channel")
class KeltnerLine(Lagged):
    """Exponential average plus some average true ranges; a negative width is the lower line."""

    kind: Literal["keltner"] = "keltner"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, section="Strategy")
    atr_window: int = parameter(10, title="Range window", unit="bars", ge=2, le=500, section="Strategy")
    width: float = parameter(
        2.0, title="Width", unit="ATR", help="Below 0 for the lower line.", ge=-10, le=10, step=0.1, section="Strategy"
    )

    def settled(self) -> int:
        return lines.keltner_warm_up(self.window, self.atr_window)

    def now(self, bars: Bars) -> Floats:
        return lines.keltner(bars, self.window, self.atr_window, self.width)

    def name(self) -> str:
        return f"Keltner {self.window}, {self.width:+g} ATR {self.atr_window}"


@plugin("extreme", title="Highest or lowest")
class Extreme(Lagged):
    """The highest high or lowest low of the bars before, or their highest or lowest close."""

    kind: Literal["extreme"] = "extreme"
    window: int = parameter(
        20, title="Window", unit="bars", help="Bars before this one.", ge=2, le=1000, section="Strategy"
    )
    output: Literal["high", "low", "high_close", "low_close"] = parameter(
        "high",
        title="Line",
        choices={
            "high": "Highest high",
            "low": "Lowest low",
            "high_close": "Highest close",
            "low_close": "Lowest close",
        },
        section="Strategy",
    )

    def settled(self) -> int:
        return self.window

    def now(self, bars: Bars) -> Floats:
        if self.output.endswith("close"):
            values = bars.close
        else:
            values = lines.with_ranges(bars).high if self.output == "high" else bars.low
        return (lines.highest if self.output.startswith("high") else lines.lowest)(values, self.window)

    def name(self) -> str:
        words = {"high": "Highest high", "low": "Lowest low"}
        return f"{words.get(self.output, self.output.split('_')[0].capitalize() + 'est close')} {self.window}"
