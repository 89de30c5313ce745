"""The days around the end of a month."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.days import Days
from engine.strategies.calendar_rules import CalendarStrategy, Flags, session_of_month


@plugin("turn_of_month", title="Turn of the month")
class TurnOfMonth(CalendarStrategy):
    """Long on the last and first trading days of the month, flat in between, where the short side is held.

    Ariel, A Monthly Effect in Stock Returns (1987); Lakonishok and Smidt, Are Seasonal Anomalies Real? (1988), found it
    on the last day and the first three.
    """

    kind: Literal["turn_of_month"] = "turn_of_month"
    last: int = parameter(
        1, title="Last days", unit="days", help="Trading days held at the end of the month.",
        ge=0, le=10, section="Strategy",
    )  # fmt: skip
    first: int = parameter(
        3, title="First days", unit="days", help="Trading days held at the start of the month.",
        ge=0, le=10, section="Strategy",
    )  # fmt: skip

    @model_validator(mode="after")
    def _in_order(self) -> TurnOfMonth:
        if self.last + self.first == 0:
            raise ValueError("Last days and first days are both 0, so nothing would ever be held: raise one of them.")
        return self

    def label(self) -> str:
        return f"Turn of the month −{self.last}/+{self.first}"

    def holds(self, days: Days, weekends: Flags) -> Flags:
        from_start, from_end = session_of_month(days, weekends)
        return np.asarray((from_start <= self.first) | (from_end <= self.last))
