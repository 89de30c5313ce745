"""Months of the year."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.days import Days
from engine.strategies.calendar_rules import CalendarStrategy, Flags

Month = Literal[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@plugin("months", title="Months of the year")
class Months(CalendarStrategy):
    """Long from one month to another, flat in the others; the short side is held in those.

    November to April is the winter half of "sell in May": Bouman and Jacobsen, The Halloween Indicator (2002).
    """

    kind: Literal["months"] = "months"
    first: Month = parameter(
        11, title="From", help="First month held.", choices=dict(enumerate(NAMES, 1)), section="Strategy"
    )
    last: Month = parameter(
        4,
        title="To",
        help="Last month held; if before the first, it falls in the next year.",
        choices=dict(enumerate(NAMES, 1)),
        section="Strategy",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Months:
        if (self.last - self.first) % 12 == 11:
            raise ValueError("All twelve months are selected: choose fewer, or the strategy Buy and hold.")
        return self

    def label(self) -> str:
        first, last = NAMES[self.first - 1], NAMES[self.last - 1]
        return first if first == last else f"{first} to {last}"

    def holds(self, days: Days, weekends: Flags) -> Flags:
        month = days.astype("datetime64[M]").astype(np.int64) % 12
        return np.asarray((month - (self.first - 1)) % 12 <= (self.last - self.first) % 12)
