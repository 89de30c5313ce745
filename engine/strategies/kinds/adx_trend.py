"""Trend following, filtered by the ADX."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import directional
from engine.market.bars import Bars, Floats
from engine.strategies.conditional import Conditional
from engine.strategies.flags import Flags, above
from engine.strategies.rule_cache import shared


@plugin("adx_trend", title="ADX-filtered trend")
class AdxTrend(Conditional):
    """Long while +DI is above −DI, entered only when the ADX indicates a trend; short mirrored.

    Wilder's directional movement system (New Concepts in Technical Trading Systems, 1978). A position is closed when
    the directional indicators cross or when the ADX falls below the lower level.
    """

    kind: Literal["adx_trend"] = "adx_trend"
    elementwise: ClassVar[tuple[str, ...]] = ("enter_above", "leave_below")
    window: int = parameter(
        14, title="Window", unit="bars", help="Bars in Wilder's averages.", ge=2, le=300, section="Strategy"
    )
    enter_above: float = parameter(
        25.0,
        title="Enter above",
        help="ADX above which the trend is strong enough to enter.",
        ge=0,
        le=99,
        step=1,
        section="Strategy",
    )
    leave_below: float = parameter(
        20.0,
        title="Exit below",
        help="ADX below which the trend is over; at 0 only a change of direction exits.",
        ge=0,
        le=99,
        step=1,
        section="Strategy",
    )

    @model_validator(mode="after")
    def _in_order(self) -> AdxTrend:
        if self.leave_below > self.enter_above:
            raise ValueError(
                f"Exit below ({self.leave_below:g}) must not exceed enter above ({self.enter_above:g}): "
                "every position would be closed at once."
            )
        return self

    def label(self) -> str:
        return f"ADX {self.window} > {self.enter_above:g}, out < {self.leave_below:g}"

    def warm_up(self) -> int:
        return directional.adx_warm_up(self.window)

    def entries(self, bars: Bars) -> Flags:
        return shared(_rising, bars, self.window) & (self._adx(bars) > self.enter_above)

    def exits(self, bars: Bars) -> Flags:
        return shared(_falling, bars, self.window) | (self._adx(bars) < self.leave_below)

    def short_entries(self, bars: Bars) -> Flags:
        return shared(_falling, bars, self.window) & (self._adx(bars) > self.enter_above)

    def short_exits(self, bars: Bars) -> Flags:
        return shared(_rising, bars, self.window) | (self._adx(bars) < self.leave_below)

    def _adx(self, bars: Bars) -> Floats:
        return shared(directional.adx, bars, self.window)


def _rising(bars: Bars, window: int) -> Flags:
    plus, minus = shared(directional.directional, bars, window)
    return above(plus, minus)


def _falling(bars: Bars, window: int) -> Flags:
    plus, minus = shared(directional.directional, bars, window)
    return above(minus, plus)
