"""Return over a fixed number of bars, as a number to be predicted."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Label, Labels, Task
from engine.labels.returns import forward_returns, plural
from engine.market.bars import Bars


@plugin("forward_return_value", title="Return")
class ForwardReturnValue(Label):
    """The total return from the close of bar t to that of bar t + ``horizon``, as a fraction.

    Dividends count and splits do not, whatever prices the market shows.
    """

    task: ClassVar[Task] = "regression"
    classes: ClassVar[tuple[str, ...]] = ()
    unit: ClassVar[str] = "%"

    kind: Literal["forward_return_value"] = "forward_return_value"
    horizon: int = parameter(
        5, title="Horizon", unit="bars", ge=1, le=500, help="Horizon of the prediction.", section="Label"
    )

    def label(self) -> str:
        return f"return over {plural(self.horizon)}"

    def compute(self, bars: Bars) -> Labels:
        return forward_returns(bars, self.horizon)
