"""Moving averages. TA-Lib computes them; those that never forget warm up until, on the sample data, the line of a
series begun later differs by less than 0.01% in the median.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Column, Family, Indicator, Output, Pane
from engine.indicators.gaps import apply_to_contiguous_runs, without_rounding
from engine.indicators.reference import in_price, talib
from engine.market.bars import Bars, Floats


def sma(values: Floats, window: int) -> Floats:
    """Simple average of the last ``window`` values."""
    return apply_to_contiguous_runs(lambda known: talib().SMA(known, window), window - 1, values)


def ema_warm_up(window: int) -> int:
    return -int(-3.75 * window // 1)


def ema(bars: Bars, window: int) -> Floats:
    """Exponential average of the close, smoothed by 2 / (window + 1)."""
    return in_price(lambda close: talib().EMA(close, window), ema_warm_up(window), bars.close)


def kama_warm_up(window: int) -> int:
    return 45 + 5 * window


def kama(bars: Bars, window: int) -> Floats:
    """Kaufman's adaptive average (1995): smoothed by 2/3 where the close trends over ``window`` bars, by 2/31 squared
    where it only oscillates. Where it has not moved at all, the two are the same, and TA-Lib takes the first.
    """
    return in_price(lambda close: talib().KAMA(close, window), kama_warm_up(window), bars.close)


@plugin("sma", title="SMA", group="Averages and bands", synonyms=("simple moving average", "mean"))
class Sma(Indicator):
    """Simple moving average: the mean close of the last ``window`` bars, in units of price."""

    kind: Literal["sma"] = "sma"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars in the average.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("sma", unit="price"),)
    pane: ClassVar[Pane] = "price"
    nanoseconds: ClassVar[float] = 3.0

    def label(self) -> str:
        return f"SMA {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def formulas(self) -> tuple[str, ...]:
        return (f"mean(close, {self.window})",)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"sma": sma(bars.close, self.window)}


@plugin("ema", title="EMA", group="Averages and bands", synonyms=("exponential moving average", "ewma"))
class Ema(Indicator):
    """Exponential moving average of the close, smoothed by 2 / (window + 1), in units of price."""

    kind: Literal["ema"] = "ema"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars in the average.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("ema", unit="price"),)
    family: ClassVar[Family] = "recursive"
    pane: ClassVar[Pane] = "price"
    nanoseconds: ClassVar[float] = 5.0

    def label(self) -> str:
        return f"EMA {self.window}"

    def warm_up(self) -> int:
        return ema_warm_up(self.window)

    def formulas(self) -> tuple[str, ...]:
        return (f"ema(close, {self.window})",)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"ema": ema(bars, self.window)}


@plugin("kama", title="KAMA", group="Averages and bands", synonyms=("Kaufman adaptive moving average",))
class Kama(Indicator):
    """Kaufman's adaptive moving average (1995): quick where the close trends over the window, slow where it only
    oscillates; in units of price.
    """

    kind: Literal["kama"] = "kama"
    window: int = parameter(10, title="Window", unit="bars", ge=2, le=500, help="Bars to measure the trend over.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("kama", unit="price"),)
    family: ClassVar[Family] = "recursive"
    pane: ClassVar[Pane] = "price"
    nanoseconds: ClassVar[float] = 5.0

    def label(self) -> str:
        return f"KAMA {self.window}"

    def warm_up(self) -> int:
        return kama_warm_up(self.window)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"kama": kama(bars, self.window)}


@plugin("sma_distance", title="Distance from SMA", group="Momentum", synonyms=("price to moving average", "stretch"))
class SmaDistance(Indicator):
    """Close over its simple moving average, minus one: comparable between symbols and decades, as a price
    is not. Zero where the two are equal but for rounding; unknown, NaN, where the average is zero.
    """

    kind: Literal["sma_distance"] = "sma_distance"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars in the average.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("distance"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 6.0

    def label(self) -> str:
        return f"Close/SMA {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def formulas(self) -> tuple[str, ...]:
        return (f"close / mean(close, {self.window}) - 1",)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        average = sma(bars.close, self.window)
        none = np.full(len(average), np.nan)
        return {"distance": without_rounding(np.divide(bars.close, average, out=none, where=average != 0) - 1)}


@plugin("volume_average", title="Volume average", group="Volume", synonyms=("SMA of volume",))
class VolumeAverage(Indicator):
    """Simple moving average of the volume, in units of volume."""

    kind: Literal["volume_average"] = "volume_average"
    window: int = parameter(20, title="Window", unit="bars", ge=2, le=1000, help="Bars in the average.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("average", unit="volume"),)
    nanoseconds: ClassVar[float] = 4.0

    def label(self) -> str:
        return f"Volume average {self.window}"

    def inputs(self) -> tuple[Column, ...]:
        return ("volume",)

    def warm_up(self) -> int:
        return self.window - 1

    def formulas(self) -> tuple[str, ...]:
        return (f"mean(volume, {self.window})",)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"average": sma(bars.volume, self.window)}
