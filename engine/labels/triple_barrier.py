"""Triple barrier: which of an upper, a lower and a time barrier the price touches first."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels, Task
from engine.labels.barriers import first_touched
from engine.labels.returns import plural
from engine.labels.volatility import total_return_prices, volatility, volatility_window
from engine.market.bars import Bars


@plugin("triple_barrier", title="Triple barrier")
class TripleBarrier(Label):
    """Whether the price rises by ``upper`` volatilities before it falls by ``lower`` of them, the other way round, or
    does neither within ``horizon`` bars (López de Prado 2018, chapter 3).

    The barriers stand around the close of bar t, one volatility being the standard deviation of the returns up to it,
    and are watched from the bar after it, at highs and lows where there are any. A bar that opens beyond a barrier
    touched that one; one that touches both after its open counts as a fall, as a backtest counts it as the stop.
    Dividends count and splits do not, whatever prices the market shows.
    """

    task: ClassVar[Task] = "multiclass"
    classes: ClassVar[tuple[str, ...]] = ("down", "neither", "up")

    kind: Literal["triple_barrier"] = "triple_barrier"
    horizon: int = parameter(
        10, title="Horizon", unit="bars", ge=1, le=500, help="Bars to the vertical barrier.", section="Label"
    )
    upper: float = parameter(
        3.0, title="Upper barrier", unit="volatilities", gt=0, le=100, step=0.5, section="Label",
        help="Distance above the close, in standard deviations of one bar's return.",
    )  # fmt: skip
    lower: float = parameter(
        3.0, title="Lower barrier", unit="volatilities", gt=0, le=100, step=0.5, section="Label",
        help="Distance below the close, in standard deviations of one bar's return.",
    )  # fmt: skip
    window: int = volatility_window()

    def label(self) -> str:
        return f"up {self.upper:g} or down {self.lower:g} volatilities in {plural(self.horizon)}"

    def lookback(self) -> int:
        return self.window

    def compute(self, bars: Bars) -> Labels:
        close, unit = total_return_prices(bars), volatility(bars, self.window)
        above, below = close * (1 + self.upper * unit), close * (1 - self.lower * unit)
        return first_touched(bars, above, below, self.horizon, np.zeros(len(bars), dtype=np.bool_))
