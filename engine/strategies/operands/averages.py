"""Moving averages."""

from __future__ import annotations

from typing import Literal

from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.gaps import on_unbroken_runs
from engine.features.indicators.trend import Sma
from engine.features.reference import talib
from engine.market.bars import Bars, Floats
from engine.strategies import lines
from engine.strategies.rules import Lagged


@plugin("sma", title="SMA")
class SmaLine(Lagged):
    """Simple average of the close."""

    kind: Literal["sma"] = "sma"
    window: int = parameter(
        50, title="Window", unit="bars", help="Bars in the average.", ge=2, le=1000, section="Strategy"
    )

    def settled(self) -> int:
        return self.window - 1

    def now(self, bars: Bars) -> Floats:
        (line,) = Sma(window=self.window).compute(bars).values()
        return line

    def name(self) -> str:
        return f"SMA {self.window}"


@plugin("ema", title="EMA")
class EmaLine(Lagged):
    """Exponential average of the close."""

    kind: Literal["ema"] = "ema"
    window: int = parameter(
        50, title="Window", unit="bars", help="Bars in the average.", ge=2, le=1000, section="Strategy"
    )

    def settled(self) -> int:
        return lines.ema_warm_up(self.window)

    def now(self, bars: Bars) -> Floats:
        return lines.ema(bars, self.window)

    def name(self) -> str:
        return f"EMA {self.window}"


@plugin("kama", title="KAMA")
class KamaLine(Lagged):
    """Kaufman's adaptive average of the close."""

    kind: Literal["kama"] = "kama"
    window: int = parameter(
        10, title="Window", unit="bars", help="Bars that judge the trend.", ge=2, le=500, section="Strategy"
    )

    def settled(self) -> int:
        return lines.kama_warm_up(self.window)

    def now(self, bars: Bars) -> Floats:
        return lines.kama(bars, self.window)

    def name(self) -> str:
        return f"KAMA {self.window}"


@plugin("volume_average", title="Volume average")
class VolumeAverage(Lagged):
    """Simple average of the volume."""

    kind: Literal["volume_average"] = "volume_average"
    window: int = parameter(
        20, title="Window", unit="bars", help="Bars in the average.", ge=2, le=1000, section="Strategy"
    )

    def settled(self) -> int:
        return self.window - 1

    def now(self, bars: Bars) -> Floats:
        if not bars.series.has_volume:
            raise DataError(f"{bars.series.symbol} has no volume: choose a rule without it, or another symbol.")
        return on_unbroken_runs(lambda volume: talib().SMA(volume, self.window), self.window - 1, bars.volume)

    def name(self) -> str:
        return f"Volume average {self.window}"
