"""Indicators as the lines of rules."""

from __future__ import annotations

from abc import abstractmethod

from engine.indicators import Indicator, call_indicator, require_inputs
from engine.market.bars import Bars, Floats
from engine.strategies.rules import Lagged


class IndicatorLine(Lagged):
    """Contract of an operand that is one output of an indicator of the library, chosen by the subclass."""

    @abstractmethod
    def source(self) -> Indicator: ...

    def place(self) -> int:
        """Index of the output."""
        return 0

    def base_warm_up(self) -> int:
        return call_indicator.warm_ups(self.source())[self.place()]

    def base_line(self, bars: Bars) -> Floats:
        indicator = self.source()
        require_inputs(indicator, bars)
        return call_indicator.line(indicator, bars, indicator.outputs[self.place()].name)

    def name(self) -> str:
        return self.source().label()
