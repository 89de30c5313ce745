"""The shape of a candle."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.indicators import Column, Indicator, Output
from engine.indicators.logarithms import positive
from engine.market.bars import Bars, Floats


@plugin("candle_shape", title="Candle shape", group="Price", synonyms=("body", "wick", "shadow"))
class CandleShape(Indicator):
    """The body, from open to close, and the wicks above and below it as shares of the bar's range, -1 to 1 and 0 to 1;
    unknown where the range is zero.
    """

    kind: Literal["candle_shape"] = "candle_shape"

    outputs: ClassVar[tuple[Output, ...]] = (Output("body"), Output("upper"), Output("lower"))
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 10.0

    def label(self) -> str:
        return "Candle"

    def inputs(self) -> tuple[Column, ...]:
        return ("open", "high", "low", "close")

    def warm_up(self) -> int:
        return 0

    def compute(self, bars: Bars) -> dict[str, Floats]:
        span = bars.high - bars.low
        return {
            "body": (bars.close - bars.open) / positive(span),
            "upper": (bars.high - np.maximum(bars.open, bars.close)) / positive(span),
            "lower": (np.minimum(bars.open, bars.close) - bars.low) / positive(span),
        }


@plugin("bar_range", title="Range of the bar", group="Price", synonyms=("high less low", "candle"))
class BarRange(Indicator):
    """From the low to the high, in percent of the close."""

    kind: Literal["bar_range"] = "bar_range"

    outputs: ClassVar[tuple[Output, ...]] = (Output("range", unit="%"),)
    nanoseconds: ClassVar[float] = 3.0

    def label(self) -> str:
        return "Range"

    def inputs(self) -> tuple[Column, ...]:
        return ("high", "low", "close")

    def warm_up(self) -> int:
        return 0

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"range": 100 * (bars.high - bars.low) / positive(bars.close)}
