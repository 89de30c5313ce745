"""Mean reversion by the RSI."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import momentum
from engine.market.bars import Bars, Floats
from engine.strategies.conditional import Conditional
from engine.strategies.flags import Flags
from engine.strategies.rule_cache import shared


@plugin("rsi_reversion", title="RSI reversion")
class RsiReversion(Conditional):
    """Long when the RSI is below a low level, flat when it is above a middle one; short mirrored at 50.

    The relative strength index and its levels 30 and 70 are Wilder's (New Concepts in Technical Trading Systems, 1978).
    With 30 and 50 the short side enters above 70 and exits below 50.
    """

    kind: Literal["rsi_reversion"] = "rsi_reversion"
    elementwise: ClassVar[tuple[str, ...]] = ("enter_below", "leave_above")
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

    def entries(self, bars: Bars) -> Flags:
        return self._rsi(bars) < self.enter_below

    def exits(self, bars: Bars) -> Flags:
        return self._rsi(bars) > self.leave_above

    def short_entries(self, bars: Bars) -> Flags:
        return self._rsi(bars) > 100 - self.enter_below

    def short_exits(self, bars: Bars) -> Flags:
        return self._rsi(bars) < 100 - self.leave_above

    def _rsi(self, bars: Bars) -> Floats:
        return shared(momentum.rsi, bars, self.window)
