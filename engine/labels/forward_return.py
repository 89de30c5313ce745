"""Direction of the return over a fixed number of bars."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels
from engine.labels.returns import forward_returns, plural
from engine.market.bars import Bars


@plugin("forward_return", title="Up or down")
class ForwardReturn(Label):
    """Whether the total return from the close of bar t to that of bar t + ``horizon`` exceeds ``threshold``.

    Dividends count and splits do not, whatever prices the market shows.
    """

    kind: Literal["forward_return"] = "forward_return"
    horizon: int = parameter(
        5, title="Horizon", unit="bars", ge=1, le=500, help="Horizon of the prediction.", section="Label"
    )
    threshold: float = parameter(
        0.0,
        title="Threshold",
        unit="%",
        ge=-50,
        le=50,
        step=0.1,
        help="Return above which the label is up.",
        section="Label",
    )

    def label(self) -> str:
        over = f" over {self.threshold:g}%" if self.threshold else ""
        return f"up{over} in {plural(self.horizon)}"

    def compute(self, bars: Bars) -> Labels:
        ahead = forward_returns(bars, self.horizon)
        above = (ahead.value > self.threshold / 100).astype(np.float64)
        return Labels(np.where(np.isnan(ahead.value), np.nan, above), ahead.end)
