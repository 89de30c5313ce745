"""Bar intervals: names, lengths and order, resampling, and start and end of a bar.

| name | a bar | its time |
|---|---|---|
| 1m 2m 5m 15m 30m | that many minutes | its start, UTC |
| 1h 2h 4h | that many hours | its start, UTC |
| 1d | a trading day | its date at the exchange |
| 1w | Monday to Sunday | a date in that week at the exchange |
| 1mo | a calendar month | a date in that month at the exchange |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError, did_you_mean
from engine.market.days import Days, midnights

Interval = Literal["1m", "2m", "5m", "15m", "30m", "1h", "2h", "4h", "1d", "1w", "1mo"]
Times = NDArray[np.datetime64]

DAILY: Final[Interval] = "1d"
"""The default interval of a request."""

_MONDAY = np.timedelta64(3, "D")  # 1970 began on a Thursday


@dataclass(frozen=True)
class BarInterval:
    """One interval. ``duration`` is the longest of a bar; ``period`` is its noun ("day", "4 hours"), ``adjective`` its
    adjective ("daily", "4-hour"). ``typical_per_year`` counts the bars of 252 sessions of six and a half hours, for
    cost estimates only: annualisation counts the actual bars.
    """

    name: Interval
    duration: np.timedelta64
    period: str
    adjective: str
    typical_per_year: float

    @property
    def is_intraday(self) -> bool:
        """Whether bars are stamped with a moment in UTC, and not with a date at the exchange."""
        return bool(self.duration < np.timedelta64(1, "D"))

    def serves(self, coarser: BarInterval) -> bool:
        """Whether each bar of ``coarser`` consists of whole bars of this interval: two minutes do not divide five, and
        weeks span the ends of months.
        """
        if coarser.is_intraday:
            return self.is_intraday and bool(coarser.duration % self.duration == np.timedelta64(0))
        return self == coarser or bool(self.duration <= np.timedelta64(1, "D"))

    def last_dates(self, dates: Days) -> Days:
        """The last date of each bar stamped with one of ``dates``; of intraday bars the date itself."""
        match self.name:
            case "1w":
                week = (dates + _MONDAY).astype("datetime64[W]")
                return np.asarray((week + 1).astype("datetime64[D]") - _MONDAY - 1)
            case "1mo":
                return np.asarray((dates.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1)
        return dates

    def ends(self, time: Times, timezone: str) -> Times:
        """The moment in UTC, datetime64[ms], at which each bar of ``time`` had ended: one interval after its start, or
        at the midnight of ``timezone`` that ends its last date, wherever daylight saving puts that; where the zone is
        not known, at the end of the date anywhere on earth.
        """
        if self.is_intraday:
            return np.asarray(time + self.duration)
        return midnights(self.last_dates(time.astype("datetime64[D]")) + 1, timezone)

    def begins(self, time: Times, timezone: str) -> Times:
        """The moment in UTC, datetime64[ms], at which each bar of ``time`` began; for dated bars the start
        of the date.
        """
        return time if self.is_intraday else midnights(time.astype("datetime64[D]"), timezone)


def bar_interval(name: str) -> BarInterval:
    """The interval called ``name``. Raises ``DataError`` with the list of intervals."""
    if name not in INTERVALS:
        raise DataError(f"'{name[:20]}' is not an interval of bars.{did_you_mean(name, tuple(INTERVALS))}")
    return INTERVALS[name]


def finest_first(name: str) -> int:
    """Sort key of interval names, shortest bars first; unknown ones come last."""
    return list(INTERVALS).index(name) if name in INTERVALS else len(INTERVALS)


def _table() -> Mapping[str, BarInterval]:
    minute, hour, day = (np.timedelta64(1, unit) for unit in ("m", "h", "D"))
    rows: tuple[tuple[np.timedelta64, str, str, float], ...] = (
        (minute, "minute", "1-minute", 98_280),
        (2 * minute, "2 minutes", "2-minute", 49_140),
        (5 * minute, "5 minutes", "5-minute", 19_656),
        (15 * minute, "15 minutes", "15-minute", 6_552),
        (30 * minute, "30 minutes", "30-minute", 3_276),
        (hour, "hour", "hourly", 1_764),
        (2 * hour, "2 hours", "2-hour", 1_008),
        (4 * hour, "4 hours", "4-hour", 504),
        (day, "day", "daily", 252),
        (7 * day, "week", "weekly", 52),
        (31 * day, "month", "monthly", 12),
    )
    names: tuple[Interval, ...] = get_args(Interval)
    entries = zip(names, rows, strict=True)
    return MappingProxyType(
        {name: BarInterval(name, row[0].astype("timedelta64[ms]"), *row[1:]) for name, row in entries}
    )


INTERVALS: Final = _table()
"""Every interval by name, the shortest bars first."""
