"""Moving averages."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator
from engine.indicators.averages import Ema, Kama, Sma, VolumeAverage
from engine.strategies.indicator_line import IndicatorLine


@plugin("sma", title="SMA")
class SmaLine(IndicatorLine):
    """Simple average of the close."""

    kind: Literal["sma"] = "sma"
    window: int = parameter(
        50, title="Window", unit="bars", help="Bars in the average.", ge=2, le=1000, section="Strategy"
    )

    def source(self) -> Indicator:
        return Sma(window=self.window)


@plugin("ema", title="EMA")
class EmaLine(IndicatorLine):
    """Exponential average of the close."""

    kind: Literal["ema"] = "ema"
    window: int = parameter(
        50, title="Window", unit="bars", help="Bars in the average.", ge=2, le=1000, section="Strategy"
    )

    def source(self) -> Indicator:
        return Ema(window=self.window)


@plugin("kama", title="KAMA")
class KamaLine(IndicatorLine):
    """Kaufman's adaptive average of the close."""

    kind: Literal["kama"] = "kama"
    window: int = parameter(
        10,
        title="Window",
        unit="bars",
        help="Bars over which the efficiency of the trend is measured.",
        ge=2,
        le=500,
        section="Strategy",
    )

    def source(self) -> Indicator:
        return Kama(window=self.window)


@plugin("volume_average", title="Volume average")
class VolumeAverageLine(IndicatorLine):
    """Simple average of the volume."""

    kind: Literal["volume_average"] = "volume_average"
    window: int = parameter(
        20, title="Window", unit="bars", help="Bars in the average.", ge=2, le=1000, section="Strategy"
    )

    def source(self) -> Indicator:
        return VolumeAverage(window=self.window)
