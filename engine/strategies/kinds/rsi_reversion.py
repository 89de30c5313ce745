"""Mean reversion by the RSI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import momentum
from engine.market.bars import Bars
from engine.strategies import Signals, Strategy


@plugin("rsi_reversion", title="RSI reversion")
class RsiReversion(Strategy):
    """Long when the RSI is below a low level, flat when it is above a middle one; short mirrored at 50.

    The relative strength index and its levels 30 and 70 are Wilder's (New Concepts in Technical Trading Systems, 1978).
    With 30 and 50 the short side enters above 70 and exits below 50.
    """

    kind: Literal["rsi_reversion"] = "rsi_reversion"
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's averages of gains and losses.",
        ge=2, le=500, section="Strategy",
    )  # fmt: skip
    enter_below: float = parameter(
        30.0,
        title="Enter below",
        help="RSI below which to buy; the short side enters above 100 minus this.",
        ge=1,
        le=50,
        step=1,
        section="Strategy",
    )
    leave_above: float = parameter(
        50.0,
        title="Exit above",
        help="RSI above which to exit; the short side exits below 100 minus this.",
        ge=1,
        le=99,
        step=1,
        section="Strategy",
    )

    @model_validator(mode="after")
    def _in_order(self) -> RsiReversion:
        if self.leave_above < self.enter_below:
            raise ValueError(
                f"Exit above ({self.leave_above:g}) must not be below enter below ({self.enter_below:g}): "
                "every position would be closed at once."
            )
        return self

    def label(self) -> str:
        return f"RSI {self.window} < {self.enter_below:g}, out > {self.leave_above:g}"

    def warm_up(self) -> int:
        return momentum.rsi_warm_up(self.window)

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        rsi = momentum.rsi(bars, self.window)
        return Signals(
            entries=rsi < self.enter_below,
            exits=rsi > self.leave_above,
            short_entries=rsi > 100 - self.enter_below,
            short_exits=rsi < 100 - self.leave_above,
        )
