"""Indicators as the lines of rules."""

from __future__ import annotations

from engine.indicators import Indicator, require_inputs
from engine.market.bars import Bars, Floats
from engine.strategies.rules import Lagged


class IndicatorLine(Lagged):
    """Contract of an operand that is one output of an indicator of the library: subclasses say which."""

    def source(self) -> Indicator:
        raise TypeError(f"{type(self).__name__} has no source method.")

    def place(self) -> int:
        """Which of the outputs, from 0."""
        return 0

    def settled(self) -> int:
        return self.source().warm_ups()[self.place()]

    def now(self, bars: Bars) -> Floats:
        indicator = self.source()
        require_inputs(indicator, bars)
        return indicator.line(bars, indicator.outputs[self.place()].name)

    def name(self) -> str:
        return self.source().label()
