"""Bands and channels around the price."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator
from engine.indicators.channels import Bollinger, Donchian, Keltner
from engine.strategies.indicator_line import IndicatorLine

_EXTREMES = {"high": "Highest high", "low": "Lowest low", "high_close": "Highest close", "low_close": "Lowest close"}


@plugin("bollinger", title="Bollinger band")
class BollingerLine(IndicatorLine):
    """Moving average of the closes plus a multiple of their standard deviation; a negative width is the lower band."""

    kind: Literal["bollinger"] = "bollinger"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, section="Strategy")
    width: float = parameter(
        2.0, title="Width", unit="σ", help="Below 0 for the lower band.", ge=-10, le=10, step=0.1, section="Strategy"
    )

    def source(self) -> Indicator:
        return Bollinger(window=self.window, width=abs(self.width))

    def place(self) -> int:
        return 1 if self.width < 0 else 0

    def name(self) -> str:
        return f"Bollinger {self.window}, {self.width:+g}σ"


@plugin("keltner", title="Keltner channel")
class KeltnerLine(IndicatorLine):
    """Exponential average plus a multiple of the average true range; a negative width is the lower line."""

    kind: Literal["keltner"] = "keltner"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, section="Strategy")
    atr_window: int = parameter(10, title="Range window", unit="bars", ge=2, le=500, section="Strategy")
    width: float = parameter(
        2.0, title="Width", unit="ATR", help="Below 0 for the lower line.", ge=-10, le=10, step=0.1, section="Strategy"
    )

    def source(self) -> Indicator:
        return Keltner(window=self.window, atr_window=self.atr_window, width=abs(self.width))

    def place(self) -> int:
        return 1 if self.width < 0 else 0

    def name(self) -> str:
        return f"Keltner {self.window}, {self.width:+g} ATR {self.atr_window}"


@plugin("extreme", title="Highest or lowest")
class Extreme(IndicatorLine):
    """The highest high or lowest low of the previous bars, or their highest or lowest close."""

    kind: Literal["extreme"] = "extreme"
    window: int = parameter(
        20, title="Window", unit="bars", help="Bars before this one.", ge=2, le=1000, section="Strategy"
    )
    output: Literal["high", "low", "high_close", "low_close"] = parameter(
        "high", title="Line", choices=_EXTREMES, section="Strategy"
    )

    def source(self) -> Indicator:
        return Donchian(window=self.window, prices="closes" if self.output.endswith("close") else "ranges")

    def place(self) -> int:
        return 0 if self.output.startswith("high") else 1

    def name(self) -> str:
        return f"{_EXTREMES[self.output]} {self.window}"
