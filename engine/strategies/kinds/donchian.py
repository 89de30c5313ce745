"""Breakouts from a channel of past extremes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.indicators import channels
from engine.indicators.volatility import ranges
from engine.market.bars import Bars
from engine.strategies import Signals, Strategy, flags


@plugin("donchian_breakout", title="Donchian breakout")
class DonchianBreakout(Strategy):
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

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        if self.prices == "closes":
            high = low = bars.close
        else:
            high, low, _ = ranges(bars)
        return flags.masked_signals(
            bars,
            self.warm_up(),
            entries=bars.close > channels.highest(high, self.enter),
            exits=bars.close < channels.lowest(low, self.leave),
            short_entries=bars.close < channels.lowest(low, self.enter),
            short_exits=bars.close > channels.highest(high, self.leave),
        )
