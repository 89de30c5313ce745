"""Prices, volume and plain numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator, require_columns
from engine.indicators.momentum import PastReturn
from engine.market.bars import Bars, Floats
from engine.strategies.indicator_line import IndicatorLine
from engine.strategies.rules import Lagged, Operand


@plugin("price", title="Price", synonyms=("close", "open", "high", "low", "volume"))
class Price(Lagged):
    """A column of the bar, the volume included."""

    kind: Literal["price"] = "price"
    column: Literal["close", "open", "high", "low", "volume"] = parameter(
        "close",
        title="Column",
        choices={"close": "Close", "open": "Open", "high": "High", "low": "Low", "volume": "Volume"},
        section="Strategy",
    )

    def base_line(self, bars: Bars) -> Floats:
        require_columns(bars, (self.column,), "this rule")
        return np.asarray(getattr(bars, self.column), dtype=np.float64)

    def name(self) -> str:
        return self.column.capitalize()


@plugin("number", title="Number", synonyms=("constant", "threshold"))
class Number(Operand):
    """The same number on every bar."""

    kind: Literal["number"] = "number"
    value: float = parameter(0.0, title="Value", ge=-1e12, le=1e12, section="Strategy")

    def line(self, bars: Bars) -> Floats:
        return np.full(len(bars), self.value)

    def label(self) -> str:
        return f"{self.value:g}"


@plugin("past_return", title="Return")
class PastReturnLine(IndicatorLine):
    """Change of the close over some bars, in percent."""

    kind: Literal["past_return"] = "past_return"
    window: int = parameter(
        20,
        title="Window",
        unit="bars",
        help="Bars over which the change is measured.",
        ge=1,
        le=2000,
        section="Strategy",
    )

    def source(self) -> Indicator:
        return PastReturn(window=self.window)
