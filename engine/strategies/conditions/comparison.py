"""Comparison of two lines."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars
from engine.strategies.operands.averages import SmaLine
from engine.strategies.operands.prices import Price
from engine.strategies.rules import OPERANDS, Comparison, Condition, Operand, Truth, cached_line, compare

SIGNS = {"above": ">", "below": "<", "crosses_above": "crosses above", "crosses_below": "crosses below"}


@plugin("comparison", title="Comparison")
class Compare(Condition):
    """A line is above or below another, or crosses it on this bar."""

    kind: Literal["comparison"] = "comparison"
    left: Annotated[Operand, OPERANDS] = Field(Price(), title="Line", json_schema_extra={"section": "Strategy"})
    comparison: Comparison = parameter(
        "above",
        title="Is",
        choices={
            "above": "above",
            "below": "below",
            "crosses_above": "crosses above",
            "crosses_below": "crosses below",
        },
        section="Strategy",
    )
    right: Annotated[Operand, OPERANDS] = Field(SmaLine(), title="Against", json_schema_extra={"section": "Strategy"})

    def warm_up(self) -> int:
        known = max(self.left.warm_up(), self.right.warm_up())
        return known + 1 if self.comparison.startswith("crosses") else known

    def truth(self, bars: Bars) -> Truth:
        left, right = (cached_line(operand, bars) for operand in (self.left, self.right))
        return compare(left, self.comparison, right)

    def text(self) -> str:
        return f"{self.left.label()} {SIGNS[self.comparison]} {self.right.label()}"
