"""Days of the week."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.days import Days
from engine.strategies.calendar_rules import CalendarStrategy, Flags, weekday

Weekday = Literal[0, 1, 2, 3, 4, 5, 6]
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@plugin("weekdays", title="Days of the week")
class Weekdays(CalendarStrategy):
    """Long from one day of the week to another, flat on the others, where the short side is held.

    The effect is an old one (French, Stock Returns and the Weekend Effect, 1980) and has often failed to last: a test
    of costs as much as of the calendar.
    """

    kind: Literal["weekdays"] = "weekdays"
    first: Weekday = parameter(
        0, title="From", help="First day held.", choices=dict(enumerate(NAMES)), section="Strategy"
    )
    last: Weekday = parameter(
        2,
        title="To",
        help="Last day held; if before the first, it falls in the next week.",
        choices=dict(enumerate(NAMES)),
        section="Strategy",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Weekdays:
        if (self.last - self.first) % 7 == 6:
            raise ValueError("All seven days are selected: choose fewer, or the strategy Buy and hold.")
        return self

    def label(self) -> str:
        return NAMES[self.first] if self.first == self.last else f"{NAMES[self.first]} to {NAMES[self.last]}"

    def holds(self, days: Days, weekends: Flags) -> Flags:
        return np.asarray((weekday(days) - self.first) % 7 <= (self.last - self.first) % 7)
