"""Direction of the return over a fixed number of bars."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels
from engine.market.bars import Bars


@plugin("forward_return", title="Forward return")
class ForwardReturn(Label):
    """Whether the total return from the close of bar t to that of bar t + ``horizon`` exceeds ``threshold``.

    It is computed from the adjusted close whatever prices the market shows: a split is no loss, a dividend
    no fall. With a horizon over one bar neighbours share all but one of their bars: they are not independent.
    """

    kind: Literal["forward_return"] = "forward_return"
    horizon: int = parameter(
        5, title="Horizon", unit="bars", ge=1, le=500, help="Bars ahead that are predicted.", section="Label"
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
        return f"up{over} in {self.horizon} bar{'s' if self.horizon > 1 else ''}"

    def compute(self, bars: Bars) -> Labels:
        value = np.full(len(bars), np.nan)
        end = np.full(len(bars), np.datetime64("NaT"), dtype="datetime64[ms]")
        start, stop = bars.adj_close[: -self.horizon], bars.adj_close[self.horizon :]
        known = np.flatnonzero((start > 0) & (stop > 0) & np.isfinite(start + stop))
        value[known] = stop[known] / start[known] - 1 > self.threshold / 100
        end[known] = bars.time[known + self.horizon]
        return Labels(value, end)
