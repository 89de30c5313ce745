"""Drawdowns: distance from and bars since the highest price."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator, Output
from engine.indicators.logarithms import positive
from engine.indicators.rolling import rolled, rolling
from engine.market.bars import Bars, Floats


class _BelowHigh(Indicator):
    window: int = parameter(252, title="Window", unit="bars", ge=2, le=5000, help="Closes, its own included.")

    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def warm_up(self) -> int:
        return self.window - 1


@plugin("drawdown", title="Drawdown", group="Statistics", synonyms=("below the high", "underwater", "52-week high"))
class Drawdown(_BelowHigh):
    """How far the close is below the highest of the last closes, in percent."""

    kind: Literal["drawdown"] = "drawdown"

    outputs: ClassVar[tuple[Output, ...]] = (Output("drawdown", unit="%"),)
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"Drawdown {self.window}"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        highest = rolled(rolling().order.rolling_extreme, bars.close, self.window, 1.0, False)
        return {"drawdown": 100 * (bars.close / positive(highest) - 1)}


@plugin("bars_below_high", title="Bars below the high", group="Statistics", synonyms=("time under water",))
class BarsBelowHigh(_BelowHigh):
    """How many bars ago the close was as high as it has been among the last closes: 0 at a high."""

    kind: Literal["bars_below_high"] = "bars_below_high"

    outputs: ClassVar[tuple[Output, ...]] = (Output("bars", unit="bars"),)
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return f"Bars below high {self.window}"

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"bars": rolled(rolling().order.rolling_extreme, bars.close, self.window, 1.0, True)}
