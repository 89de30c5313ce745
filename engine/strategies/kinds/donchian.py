"""Breakouts from a channel of past extremes."""

from __future__ import annotations

from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import channels
from engine.indicators.volatility import ranges
from engine.market.bars import Bars, Floats
from engine.strategies.conditional import Conditional
from engine.strategies.flags import Flags
from engine.strategies.rule_cache import shared


@plugin("donchian_breakout", title="Donchian breakout")
class DonchianBreakout(Conditional):
    """Long when the close exceeds the highest price of the previous bars, flat when it falls below their lowest.

    Donchian's channel (1960) with two windows, as the Turtles traded it from 1983 on (Faith, Way of the Turtle, 2007).
    The bar itself is not part of its channel. Short mirrored: in below the lowest price of the entry window, out above
    the highest of the exit window.
    """

    kind: Literal["donchian_breakout"] = "donchian_breakout"
    enter: int = parameter(
        55, title="Entry window", unit="bars", help="Previous bars whose extreme the close must break to enter.",
        ge=2, le=1000, section="Strategy",
    )  # fmt: skip
    leave: int = parameter(
        20, title="Exit window", unit="bars", help="Previous bars whose opposite extreme the close must break to exit.",
        ge=2, le=1000, section="Strategy",
    )  # fmt: skip
    prices: Literal["ranges", "closes"] = parameter(
        "ranges",
        title="Channel of",
        help="Highs and lows, or closes; series of closing prices have closes only.",
        choices={"ranges": "Highs, lows", "closes": "Closes"},
        section="Strategy",
    )

    def label(self) -> str:
        return f"Donchian {self.enter}/{self.leave}" + (" of closes" if self.prices == "closes" else "")

    def warm_up(self) -> int:
        return max(self.enter, self.leave)

    def entries(self, bars: Bars) -> Flags:
        return bars.close > channels.highest(self._high(bars), self.enter)

    def exits(self, bars: Bars) -> Flags:
        return bars.close < channels.lowest(self._low(bars), self.leave)

    def short_entries(self, bars: Bars) -> Flags:
        return bars.close < channels.lowest(self._low(bars), self.enter)

    def short_exits(self, bars: Bars) -> Flags:
        return bars.close > channels.highest(self._high(bars), self.leave)

    def _high(self, bars: Bars) -> Floats:
        return bars.close if self.prices == "closes" else shared(ranges, bars)[0]

    def _low(self, bars: Bars) -> Floats:
        return bars.close if self.prices == "closes" else shared(ranges, bars)[1]
