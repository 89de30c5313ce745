"""Return over a fixed number of bars in three classes: down, flat, up."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels, Task
from engine.labels.returns import forward_returns, plural
from engine.market.bars import Bars


@plugin("forward_return_classes", title="Down, flat, up")
class ForwardReturnClasses(Label):
    """Whether the total return from the close of bar t to that of bar t + ``horizon`` is under minus ``threshold``,
    over ``threshold``, or neither.

    Dividends count and splits do not, whatever prices the market shows.
    """

    task: ClassVar[Task] = "multiclass"
    classes: ClassVar[tuple[str, ...]] = ("down", "flat", "up")

    kind: Literal["forward_return_classes"] = "forward_return_classes"
    horizon: int = parameter(
        5, title="Horizon", unit="bars", ge=1, le=500, help="Horizon of the prediction.", section="Label"
    )
    threshold: float = parameter(
        1.0,
        title="Threshold",
        unit="%",
        gt=0,
        le=50,
        step=0.1,
        help="Return above which the label is up, and below minus which it is down.",
        section="Label",
    )

    def label(self) -> str:
        return f"down, flat or up by {self.threshold:g}% in {plural(self.horizon)}"

    def compute(self, bars: Bars) -> Labels:
        ahead = forward_returns(bars, self.horizon)
        limit = self.threshold / 100
        side = 1.0 + (ahead.value > limit) - (ahead.value < -limit)
        return Labels(np.where(np.isnan(ahead.value), np.nan, side), ahead.end)
