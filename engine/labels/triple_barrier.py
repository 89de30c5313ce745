"""Which of three barriers the price touches first: one above, one below, and the end of the horizon."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels, Task
from engine.labels.returns import plural
from engine.labels.volatility import total_return_prices, volatility, volatility_window
from engine.market.bars import Bars

DOWN, NEITHER, UP = 0.0, 1.0, 2.0


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
        with np.errstate(divide="ignore", invalid="ignore"):  # a close of zero, which is no price
            scale = close / bars.close
        open, high, low = bars.open * scale, np.fmax(bars.high * scale, close), np.fmin(bars.low * scale, close)
        above, below = close * (1 + self.upper * unit), close * (1 - self.lower * unit)
        value, end = np.full(len(bars), np.nan), np.full(len(bars), np.datetime64("NaT"), dtype="datetime64[ms]")
        waiting = np.flatnonzero(np.isfinite(above))
        for ahead in range(1, self.horizon + 1):
            waiting = waiting[waiting < len(bars) - ahead]
            waiting = waiting[np.isfinite(close[waiting + ahead])]
            at = waiting + ahead
            falls, rises = low[at] <= below[waiting], high[at] >= above[waiting]
            touched = falls | rises
            outcome = np.where(falls & ~(open[at] >= above[waiting]), DOWN, UP)
            value[waiting[touched]], end[waiting[touched]] = outcome[touched], bars.time[at[touched]]
            waiting = waiting[~touched]
        value[waiting], end[waiting] = NEITHER, bars.time[waiting + self.horizon]
        return Labels(value, end)
