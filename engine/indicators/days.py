"""The calendar: what every bar knows of its own date."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.core.registry import plugin
from engine.indicators import Indicator, Output
from engine.market.bars import Bars, Floats

_GROUP = "Calendar"


@plugin("calendar", title="Day and month", group=_GROUP, synonyms=("day of week", "weekday", "seasonality"))
class Calendar(Indicator):
    """The day of the week, 1 for Monday to 7 for Sunday, and the month, 1 to 12, at the exchange."""

    kind: Literal["calendar"] = "calendar"

    outputs: ClassVar[tuple[Output, ...]] = (Output("weekday"), Output("month"))
    nanoseconds: ClassVar[float] = 20.0

    def label(self) -> str:
        return "Calendar"

    def warm_up(self) -> int:
        return 0

    def compute(self, bars: Bars) -> dict[str, Floats]:
        day = bars.days.astype("datetime64[D]")
        return {
            "weekday": _where_priced((day.astype(np.int64) + 3) % 7 + 1, bars),  # 1970 began on a Thursday
            "month": _where_priced(day.astype("datetime64[M]").astype(np.int64) % 12 + 1, bars),
        }


@plugin("turn_of_month", title="Turn of the month", group=_GROUP, synonyms=("month end", "seasonality"))
class TurnOfMonth(Indicator):
    """Weekdays of the month so far, its own included, and those that are left in it: 0 on the last. Holidays count as
    weekdays, for which of them will be is known to no bar.
    """

    kind: Literal["turn_of_month"] = "turn_of_month"

    outputs: ClassVar[tuple[Output, ...]] = (Output("gone", unit="bars"), Output("left", unit="bars"))

    def label(self) -> str:
        return "Weekdays of the month"

    def warm_up(self) -> int:
        return 0

    def compute(self, bars: Bars) -> dict[str, Floats]:
        day = bars.days.astype("datetime64[D]")
        month = day.astype("datetime64[M]")
        after = day + np.timedelta64(1, "D")
        return {
            "gone": _where_priced(np.busday_count(month.astype("datetime64[D]"), after), bars),
            "left": _where_priced(np.busday_count(after, (month + 1).astype("datetime64[D]")), bars),
        }


def _where_priced(values: np.ndarray, bars: Bars) -> Floats:
    return np.where(np.isfinite(bars.close), values, np.nan)
