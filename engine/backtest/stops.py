"""Stops: exits without a decision of the strategy."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pydantic import Field, field_validator, model_validator

from engine.core.errors import SpecError
from engine.core.spec import Spec, parameter
from engine.indicators.expression import Expression
from engine.market.bars import Bars, Floats


class Stops(Spec):
    """Stops of every position, anchored to its fill price; None disables a stop.

    ``engine.backtest.account`` documents the order of events on a bar.
    """

    stop_loss: float | None = parameter(
        None,
        percent=True,
        title="Stop loss",
        help="Loss at which a position is closed, relative to the fill price: 5% sells a long position 5% below it.",
        gt=0,
        lt=1,
        step=0.01,
        section="Stops",
    )
    stop_expression: str | None = Field(
        None,
        title="Stop loss by expression",
        description="Distance of the stop from the fill price as a fraction of it, such as 2 * atr(14) / close, on the "
        "bar at whose close the entry is decided. Where it has no value above zero nothing is entered.",
        json_schema_extra={"section": "Stops", "multiline": True},
    )
    take_profit: float | None = parameter(
        None,
        percent=True,
        title="Take profit",
        help="Profit at which a position is closed, relative to the fill price.",
        gt=0,
        le=100,
        step=0.01,
        section="Stops",
    )
    trailing_stop: float | None = parameter(
        None,
        percent=True,
        title="Trailing stop",
        help="Retracement from the best price of earlier held bars at which a position is closed.",
        gt=0,
        lt=1,
        step=0.01,
        section="Stops",
    )
    time_stop: int | None = parameter(
        None,
        title="Time stop",
        unit="bars",
        help="Bars of the symbol after the first entry, at whose close the exit is decided, whatever the strategy "
        "signals there.",
        ge=1,
        le=100_000,
        section="Stops",
    )

    @field_validator("stop_expression")
    @classmethod
    def _is_written_in_one_way(cls, text: str | None) -> str | None:
        if text is None or not text.strip():
            return None
        try:
            return Expression.of_one_series(text).text
        except SpecError as error:
            raise ValueError(error.problems[0][1]) from None

    @model_validator(mode="after")
    def _is_one(self) -> Stops:
        if self.stop_loss is not None and self.stop_expression is not None:
            raise ValueError("A stop loss is a number or an expression: leave one of the two empty.")
        return self

    def implied(self) -> Iterable[Spec]:
        expression = self._expression()
        return () if expression is None else (expression, *expression.implied())

    def _expression(self) -> Expression | None:
        return None if self.stop_expression is None else Expression(text=self.stop_expression)

    def warm_up(self) -> int:
        """Bars without a distance."""
        expression = self._expression()
        return 0 if expression is None else expression.warm_up()

    def distances(self, bars: Bars) -> Floats | None:
        """The distance of the stop for an entry decided at each of ``bars``, a fraction of the fill price, NaN where
        there is none above zero; None without an expression. Raises ``DataError`` where ``bars`` lack a column.
        """
        expression = self._expression()
        if expression is None:
            return None
        found = expression.line(bars, "value")
        found[~(found > 0.0) | np.isinf(found)] = np.nan
        return found

    @property
    def any(self) -> bool:
        """Whether any stop is set."""
        return self != Stops()
