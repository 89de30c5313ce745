"""Indicators as the lines of rules."""

from __future__ import annotations

from abc import abstractmethod

from engine.indicators import Indicator, call_indicator, require_inputs
from engine.market.bars import Bars, Floats
from engine.strategies.rules import Lagged


class IndicatorLine(Lagged):
    """Contract of an operand that is one output of an indicator of the library: subclasses say which."""

    @abstractmethod
    def source(self) -> Indicator: ...

    def place(self) -> int:
        """Which of the outputs, from 0."""
        return 0

    def settled(self) -> int:
        return call_indicator.warm_ups(self.source())[self.place()]

    def now(self, bars: Bars) -> Floats:
        indicator = self.source()
        require_inputs(indicator, bars)
        return call_indicator.line(indicator, bars, indicator.outputs[self.place()].name)

    def name(self) -> str:
        return self.source().label()
