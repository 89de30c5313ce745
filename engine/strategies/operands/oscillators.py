"""Oscillators."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator
from engine.indicators.directional import Adx, Directional
from engine.indicators.momentum import Macd, Rsi
from engine.indicators.volatility import AtrPercent
from engine.strategies.indicator_line import IndicatorLine


@plugin("rsi", title="RSI")
class RsiLine(IndicatorLine):
    """Wilder's relative strength index, from 0 to 100."""

    kind: Literal["rsi"] = "rsi"
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's averages.", ge=2, le=500, section="Strategy"
    )

    def source(self) -> Indicator:
        return Rsi(window=self.window)


@plugin("macd", title="MACD")
class MacdLine(IndicatorLine):
    """A fast exponential average minus a slow one, or its average, the signal line."""

    kind: Literal["macd"] = "macd"
    fast: int = parameter(12, title="Fast window", unit="bars", ge=2, le=499, section="Strategy")
    slow: int = parameter(26, title="Slow window", unit="bars", ge=3, le=500, section="Strategy")
    signal: int = parameter(9, title="Signal window", unit="bars", ge=2, le=500, section="Strategy")
    output: Literal["macd", "signal"] = parameter(
        "macd", title="Line", choices={"macd": "MACD", "signal": "Signal"}, section="Strategy"
    )

    @model_validator(mode="after")
    def _in_order(self) -> MacdLine:
        if self.fast >= self.slow:
            raise ValueError(f"Fast window ({self.fast}) must be shorter than slow window ({self.slow}).")
        return self

    def source(self) -> Indicator:
        return Macd(fast=self.fast, slow=self.slow, signal=self.signal)

    def place(self) -> int:
        return 1 if self.output == "signal" else 0

    def name(self) -> str:
        signal = f"/{self.signal} signal" if self.output == "signal" else ""
        return f"MACD {self.fast}/{self.slow}{signal}"


@plugin("adx", title="ADX, +DI, −DI")
class AdxLine(IndicatorLine):
    """Wilder's directional movement, from 0 to 100: the strength of the trend, or either directional indicator."""

    kind: Literal["adx"] = "adx"
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's averages.", ge=2, le=300, section="Strategy"
    )
    output: Literal["adx", "plus", "minus"] = parameter(
        "adx", title="Line", choices={"adx": "ADX", "plus": "+DI", "minus": "−DI"}, section="Strategy"
    )

    def source(self) -> Indicator:
        return Adx(window=self.window) if self.output == "adx" else Directional(window=self.window)

    def place(self) -> int:
        return 1 if self.output == "minus" else 0

    def name(self) -> str:
        return f"{ {'adx': 'ADX', 'plus': '+DI', 'minus': '−DI'}[self.output] } {self.window}"


@plugin("atr", title="ATR")
class AtrLine(IndicatorLine):
    """Wilder's average true range in percent of the close; undefined for a close of zero."""

    kind: Literal["atr"] = "atr"
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's average.", ge=2, le=500, section="Strategy"
    )

    def source(self) -> Indicator:
        return AtrPercent(window=self.window)
