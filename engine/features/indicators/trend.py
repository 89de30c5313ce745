"""Trend: moving averages."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features import Indicator
from engine.features.gaps import on_unbroken_runs
from engine.features.reference import talib
from engine.market.bars import Bars, Floats


def _average(bars: Bars, window: int) -> Floats:
    return on_unbroken_runs(lambda close: talib().SMA(close, window), window - 1, bars.close)


@plugin("sma", title="SMA")
class Sma(Indicator):
    """Simple moving average: the mean close of the last ``window`` bars, in units of price."""

    kind: Literal["sma"] = "sma"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars in the average.")

    outputs: ClassVar[tuple[str, ...]] = ("sma",)
    pane: ClassVar[Literal["price", "own"]] = "price"

    def label(self) -> str:
        return f"SMA {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"sma": _average(bars, self.window)}


@plugin("sma_distance", title="Distance from SMA")
class SmaDistance(Indicator):
    """Close over its simple moving average, minus one: comparable between symbols and decades, as a price
    is not. Unknown, NaN, where the average is zero.
    """

    kind: Literal["sma_distance"] = "sma_distance"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars in the average.")

    outputs: ClassVar[tuple[str, ...]] = ("distance",)
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def label(self) -> str:
        return f"Close/SMA {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        average = _average(bars, self.window)
        none = np.full(len(average), np.nan)
        return {"distance": np.divide(bars.close, average, out=none, where=average != 0) - 1}
