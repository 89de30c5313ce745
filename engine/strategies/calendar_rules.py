"""Calendar rules about the session after a bar, based only on dates known beforehand."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars
from engine.market.days import Days
from engine.market.intervals import bar_interval
from engine.strategies.conditional import Conditional
from engine.strategies.flags import Flags

__all__ = ["CalendarStrategy", "Flags", "session_of_month", "weekday"]

MONDAY = np.datetime64("1970-01-05", "D")


class CalendarStrategy(Conditional):
    """Contract of a calendar strategy: long on the days of a season, flat on the others; short mirrored.

    ``holds(days, weekends)`` selects the days of the season; ``weekends`` is set where the market also trades on
    Saturdays and Sundays. The decision at the close of a daily bar is about the next session: the next weekday, or the
    next day if there has been a bar on a weekend; filled at the next open it is held on that very day. Holidays are not
    known beforehand and count as sessions. Intraday bars are decided by their own trading day.
    """

    @abstractmethod
    def holds(self, days: Days, weekends: Flags) -> Flags:
        """Whether each of ``days`` belongs to the season."""

    def entries(self, bars: Bars) -> Flags:
        return self._inside(bars)

    def exits(self, bars: Bars) -> Flags:
        return ~self._inside(bars)

    def short_entries(self, bars: Bars) -> Flags:
        return ~self._inside(bars)

    def short_exits(self, bars: Bars) -> Flags:
        return self._inside(bars)

    def _inside(self, bars: Bars) -> Flags:
        """Whether the session that the close of each bar decides on belongs to the season."""
        days = bars.days
        weekends = np.logical_or.accumulate(weekday(days) >= 5)
        if not bars.series.is_intraday:
            days = bar_interval(bars.series.interval).last_dates(days)
            days = np.where(weekends, days + 1, np.busday_offset(days, 1, roll="backward"))
        return self.holds(days, weekends)


def weekday(days: Days) -> NDArray[np.int64]:
    """0 for Monday to 6 for Sunday."""
    return np.asarray((days - MONDAY).astype(np.int64) % 7)


def session_of_month(days: Days, weekends: Flags) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rank of each day among the sessions of its month, from the start and from the end, both from 1."""
    month = days.astype("datetime64[M]")
    first, after = month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]")
    from_start = np.where(weekends, (days - first).astype(np.int64) + 1, np.busday_count(first, days + 1))
    from_end = np.where(weekends, (after - days).astype(np.int64), np.busday_count(days, after))
    return np.asarray(from_start), np.asarray(from_end)
