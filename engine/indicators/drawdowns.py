"""How far and for how long the price has been below its high."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import Indicator, Output
from engine.indicators.logarithms import positive
from engine.indicators.rolling import rolled, rolling
from engine.market.bars import Bars, Floats


@plugin("drawdown", title="Drawdown", group="Statistics", synonyms=("below the high", "underwater", "52-week high"))
class Drawdown(Indicator):
    """How far the close is below the highest of the last closes, in percent, and how many bars ago that was."""

    kind: Literal["drawdown"] = "drawdown"
    window: int = parameter(252, title="Window", unit="bars", ge=2, le=5000, help="Closes, its own included.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("drawdown", unit="%"), Output("bars", unit="bars"))
    levels: ClassVar[tuple[float, ...]] = (0.0,)

    def label(self) -> str:
        return f"Drawdown {self.window}"

    def warm_up(self) -> int:
        return self.window - 1

    def compute(self, bars: Bars) -> dict[str, Floats]:
        loop = rolling().order.rolling_extreme
        highest = rolled(loop, bars.close, self.window, 1.0, False)
        return {
            "drawdown": 100 * (bars.close / positive(highest) - 1),
            "bars": rolled(loop, bars.close, self.window, 1.0, True),
        }
