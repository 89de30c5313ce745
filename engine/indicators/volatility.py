"""Volatility: ranges of bars."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Column, Family, Indicator, Output, require_columns
from engine.indicators.momentum import rsi_warm_up
from engine.indicators.reference import in_price, talib
from engine.market.bars import Bars, Floats


def ranges(bars: Bars) -> tuple[Floats, Floats, Floats]:
    """High, low and close. Raises ``DataError`` where the series has closes alone."""
    require_columns(bars, ("high", "low"), "this strategy")
    return bars.high, bars.low, bars.close


def atr_warm_up(window: int) -> int:
    return rsi_warm_up(window)


def atr(bars: Bars, window: int) -> Floats:
    """Wilder's average true range (1978), in units of price."""
    return in_price(lambda *prices: talib().ATR(*prices, window), atr_warm_up(window), *ranges(bars))


class _Range(Indicator):
    window: int = parameter(14, title="Window", unit="bars", ge=2, le=500, help="Bars in Wilder's average.")

    family: ClassVar[Family] = "recursive"

    def inputs(self) -> tuple[Column, ...]:
        return ("high", "low", "close")

    def warm_up(self) -> int:
        return atr_warm_up(self.window)


@plugin("atr", title="ATR", group="Volatility", synonyms=("average true range", "Wilder"))
class Atr(_Range):
    """Average true range (Wilder 1978), in units of price."""

    kind: Literal["atr"] = "atr"

    outputs: ClassVar[tuple[Output, ...]] = (Output("atr", unit="price"),)
    nanoseconds: ClassVar[float] = 8.0

    def label(self) -> str:
        return f"ATR {self.window}"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"atr": atr(bars, self.window)}


@plugin("atr_percent", title="ATR in percent", group="Volatility", synonyms=("normalised average true range", "NATR"))
class AtrPercent(_Range):
    """Average true range (Wilder 1978) in percent of the close; undefined where the close is zero."""

    kind: Literal["atr_percent"] = "atr_percent"

    outputs: ClassVar[tuple[Output, ...]] = (Output("atr", unit="%"),)
    nanoseconds: ClassVar[float] = 10.0

    def label(self) -> str:
        return f"ATR {self.window} %"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        line, close = atr(bars, self.window), bars.close
        none = np.full(len(close), np.nan)
        return {"atr": np.asarray(np.divide(100 * line, close, out=none, where=close != 0))}
