"""Liquidity: what trading costs the price, and where most of it took place."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Column, Indicator, Output
from engine.indicators.logarithms import positive
from engine.indicators.momentum import past_return
from engine.indicators.rolling import rolled, rolling
from engine.market.bars import Bars, Floats

_GROUP = "Volume"


def traded_volume(bars: Bars) -> Floats:
    """Volume in units of the prices: price times it is the traded value."""
    return bars.volume if bars.traded is None else bars.traded


@plugin("amihud", title="Amihud illiquidity", group=_GROUP, synonyms=("illiquidity", "price impact"))
class Amihud(Indicator):
    """Mean of the absolute return over the traded value (Amihud 2002), in percent for a million of the currency. A bar
    without volume says nothing, and leaves the windows with it unknown.
    """

    kind: Literal["amihud"] = "amihud"
    window: int = parameter(20, title="Window", unit="bars", ge=1, le=2000, help="Returns.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("illiquidity", unit="%"),)
    nanoseconds: ClassVar[float] = 10.0

    def label(self) -> str:
        return f"Amihud {self.window}"

    def inputs(self) -> tuple[Column, ...]:
        return ("close", "volume")

    def warm_up(self) -> int:
        return self.window

    def compute(self, bars: Bars) -> dict[str, Floats]:
        millions = positive(bars.close * traded_volume(bars)) / 1e6
        impact = 100 * np.abs(past_return(bars.close, 1)) / millions
        return {"illiquidity": rolled(rolling().moments.rolling_mean, impact, self.window)}


@plugin("vwap_distance", title="Distance from VWAP", group=_GROUP, synonyms=("volume-weighted average price",))
class VwapDistance(Indicator):
    """How far the close lies from the mean of the last typical prices, (high + low + close) / 3, weighted by volume, in
    percent; unknown where nothing was traded.
    """

    kind: Literal["vwap_distance"] = "vwap_distance"
    window: int = parameter(20, title="Window", unit="bars", ge=1, le=2000, help="Bars of the average.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("distance", unit="%"),)
    levels: ClassVar[tuple[float, ...]] = (0.0,)
    nanoseconds: ClassVar[float] = 10.0

    def label(self) -> str:
        return f"Close/VWAP {self.window}"

    def inputs(self) -> tuple[Column, ...]:
        return ("high", "low", "close", "volume")

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        total, volume = rolling().moments.rolling_sum, traded_volume(bars)
        value = rolled(total, volume * (bars.high + bars.low + bars.close) / 3, self.window)
        average = value / positive(rolled(total, volume, self.window))
        return {"distance": 100 * (bars.close / positive(average) - 1)}
