"""Sizing by an expression."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, field_validator

from engine.backtest.sizings import Size, Sizing
from engine.core.errors import SpecError
from engine.core.registry import plugin
from engine.core.spec import Spec, parameter
from engine.indicators.expression import Expression
from engine.market.bars import Bars

_SIZE = "min(1, 0.01 / (2 * atr(14) / close))"


@plugin("expression", title="Expression")
class ExpressionSize(Sizing):
    """What a formula says on the bar at whose close the entry is decided, such as the part of the equity that loses 1%
    of it over two average true ranges.

    Where it has no value above zero nothing is entered. A position is not resized while it is open.
    """

    kind: Literal["expression"] = "expression"
    text: str = Field(
        _SIZE,
        title="Formula",
        description="Of the symbol's own columns, functions and indicators: see docs/expressions.md.",
        json_schema_extra={"section": "Sizing", "multiline": True},
    )
    measure: Literal["equity", "value", "units"] = parameter(
        "equity",
        title="Measures",
        help="A part of the equity at the fill, an amount of currency, or shares.",
        choices={"equity": "Part of the equity", "value": "Amount of currency", "units": "Shares"},
        section="Sizing",
    )

    @field_validator("text")
    @classmethod
    def _is_written_in_one_way(cls, text: str) -> str:
        try:
            return Expression.of_one_series(text).text
        except SpecError as error:
            raise ValueError(error.problems[0][1]) from None

    def label(self) -> str:
        return self.text

    def implied(self) -> Iterable[Spec]:
        return (self._expression(), *self._expression().implied())

    def _expression(self) -> Expression:
        return Expression(text=self.text)

    def warm_up(self) -> int:
        return self._expression().warm_up()

    def size(self, bars: Bars) -> Size:
        return Size(self.measure, self._expression().line(bars, "value"))
