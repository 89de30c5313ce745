"""Oscillators."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars, Floats
from engine.strategies import lines
from engine.strategies.rules import Lagged


@plugin("rsi", title="RSI")
class RsiLine(Lagged):
    """Wilder's relative strength index, from 0 to 100."""

    kind: Literal["rsi"] = "rsi"
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's averages.", ge=2, le=500, section="Strategy"
    )

    def settled(self) -> int:
        return lines.rsi_warm_up(self.window)

    def now(self, bars: Bars) -> Floats:
        return lines.rsi(bars, self.window)

    def name(self) -> str:
        return f"RSI {self.window}"


@plugin("macd", title="MACD")
class MacdLine(Lagged):
    """A fast exponential average less a slow one, or the signal line: the average of that."""

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

    def settled(self) -> int:
        return lines.macd_warm_up(self.slow, self.signal if self.output == "signal" else 0)

    def now(self, bars: Bars) -> Floats:
        if self.output == "signal":
            return lines.macd_signal(bars, self.fast, self.slow, self.signal)
        return lines.macd(bars, self.fast, self.slow)

    def name(self) -> str:
        signal = f"/{self.signal} signal" if self.output == "signal" else ""
        return f"MACD {self.fast}/{self.slow}{signal}"


@plugin("adx", title="ADX, +DI, −DI")
class AdxLine(Lagged):
    """Wilder's directional movement, from 0 to 100: its strength, or the share of either direction."""

    kind: Literal["adx"] = "adx"
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's averages.", ge=2, le=300, section="Strategy"
    )
    output: Literal["adx", "plus", "minus"] = parameter(
        "adx", title="Line", choices={"adx": "ADX", "plus": "+DI", "minus": "−DI"}, section="Strategy"
    )

    def settled(self) -> int:
        return lines.adx_warm_up(self.window) if self.output == "adx" else lines.directional_warm_up(self.window)

    def now(self, bars: Bars) -> Floats:
        if self.output == "adx":
            return lines.adx(bars, self.window)
        plus, minus = lines.directional(bars, self.window)
        return plus if self.output == "plus" else minus

    def name(self) -> str:
        return f"{ {'adx': 'ADX', 'plus': '+DI', 'minus': '−DI'}[self.output] } {self.window}"


@plugin("atr", title="ATR")
class AtrLine(Lagged):
    """Wilder's average true range in percent of the close; of a close of zero there is none."""

    kind: Literal["atr"] = "atr"
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's average.", ge=2, le=500, section="Strategy"
    )

    def settled(self) -> int:
        return lines.atr_warm_up(self.window)

    def now(self, bars: Bars) -> Floats:
        line, close = lines.atr(bars, self.window), bars.close
        return np.asarray(np.divide(100 * line, close, out=np.full(len(close), np.nan), where=close != 0))

    def name(self) -> str:
        return f"ATR {self.window} %"
