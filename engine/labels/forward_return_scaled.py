"""Return over a fixed number of bars in units of the volatility before it."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels, Task
from engine.labels.returns import forward_returns, plural
from engine.labels.volatility import volatility, volatility_window
from engine.market.bars import Bars


@plugin("forward_return_scaled", title="Scaled return")
class ForwardReturnScaled(Label):
    """The total return from the close of bar t to that of bar t + ``horizon``, over the standard deviation that so many
    bars have in a random walk with the volatility of the returns up to t.

    An outcome of 1 in a calm year is then as unusual as one of 1 in a wild one. Dividends count and splits do not,
    whatever prices the market shows; unknown where the price stood still.
    """

    task: ClassVar[Task] = "regression"
    classes: ClassVar[tuple[str, ...]] = ()

    kind: Literal["forward_return_scaled"] = "forward_return_scaled"
    horizon: int = parameter(
        5, title="Horizon", unit="bars", ge=1, le=500, help="Horizon of the prediction.", section="Label"
    )
    window: int = volatility_window()

    def label(self) -> str:
        return f"return over {plural(self.horizon)} in volatilities"

    def lookback(self) -> int:
        return self.window

    def compute(self, bars: Bars) -> Labels:
        ahead = forward_returns(bars, self.horizon)
        value = ahead.value / (volatility(bars, self.window) * np.sqrt(self.horizon))
        return Labels(value, np.where(np.isnan(value), np.datetime64("NaT"), ahead.end))
