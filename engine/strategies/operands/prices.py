"""Prices, volume and plain numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars, Floats
from engine.strategies import lines
from engine.strategies.rules import Lagged, Operand

Column = Literal["close", "open", "high", "low", "volume"]


@plugin("price", title="Price")
class Price(Lagged):
    """A column of the bar, the volume included."""

    kind: Literal["price"] = "price"
    column: Column = parameter(
        "close",
        title="Column",
        choices={"close": "Close", "open": "Open", "high": "High", "low": "Low", "volume": "Volume"},
        section="Strategy",
    )

    def now(self, bars: Bars) -> Floats:
        about = bars.series
        if self.column == "volume" and not about.has_volume:
            raise DataError(f"{about.symbol} has no volume: choose a rule without it, or another symbol.")
        if self.column in ("open", "high", "low"):
            lines.with_ranges(bars)
        return np.asarray(getattr(bars, self.column), dtype=np.float64)

    def name(self) -> str:
        return self.column.capitalize()


@plugin("number", title="Number")
class Number(Operand):
    """The same number on every bar."""

    kind: Literal["number"] = "number"
    value: float = parameter(0.0, title="Value", ge=-1e12, le=1e12, section="Strategy")

    def line(self, bars: Bars) -> Floats:
        return np.full(len(bars), self.value)

    def label(self) -> str:
        return f"{self.value:g}"


@plugin("past_return", title="Return")
class PastReturn(Lagged):
    """Change of the close over some bars, in percent."""

    kind: Literal["past_return"] = "past_return"
    window: int = parameter(
        20,
        title="Window",
        unit="bars",
        help="Bars over which the close has changed.",
        ge=1,
        le=2000,
        section="Strategy",
    )

    def settled(self) -> int:
        return self.window

    def now(self, bars: Bars) -> Floats:
        return np.asarray(100 * lines.past_return(bars.close, self.window))

    def name(self) -> str:
        return f"Return {self.window} %"
