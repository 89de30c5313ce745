"""The trading day: the date at the exchange, which defines day, week, month, quarter, year and range everywhere.

Daily bars are stamped with it. An intraday bar belongs to the day on which it begins in exchange time: a session in
Sydney is one day, although it spans two dates of UTC. Where bars of several exchanges share a calendar, the day of a
bar is the earliest at the exchanges that have it, and never before that of an earlier bar (``panel.common_days``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError

Days = NDArray[np.datetime64]
Times = NDArray[np.datetime64]
Zones = tuple[str, ...]
"""Names of time zones; empty for daily bars."""

_SATURDAY, _SUNDAY = 5, 6
_LAST_PLACE = np.timedelta64(12, "h")  # after UTC, when a date has begun everywhere on earth


def trading_days(time: NDArray[np.datetime64], zones: Iterable[str]) -> Days:
    """datetime64[D] of each ``time``: its own date without ``zones``, else the earliest of its local dates in them.

    Raises ``DataError`` for an unknown time zone.
    """
    dates = [local_time(time, zone).astype("datetime64[D]") for zone in set(zones)]
    return np.minimum.reduce(dates) if dates else time.astype("datetime64[D]")


def trading_day(moment: np.datetime64, zones: Iterable[str]) -> np.datetime64:
    """The trading day of one moment."""
    day: np.datetime64 = trading_days(np.array([moment]), zones)[0]
    return day


class Dated:
    """A result whose ``time`` are bars of exchanges in ``zones``: what day each of them is.

    ``day_starts`` are the bars that begin a trading day and ``start_days`` these days, from the first known bar on, for
    several exchanges; both are empty where the clock of one tells.
    """

    time: Times
    zones: Zones
    day_starts: Times
    start_days: Days

    @cached_property
    def days(self) -> Days:
        """The trading day of each bar."""
        return self.days_at(self.time)

    def days_at(self, time: Times) -> Days:
        """The trading days of some bars."""
        if not len(self.day_starts):
            return trading_days(time, self.zones)
        return np.asarray(self.start_days[np.searchsorted(self.day_starts, time, side="right") - 1])

    def day(self, moment: np.datetime64) -> np.datetime64:
        """The trading day of a bar."""
        day: np.datetime64 = self.days_at(np.array([moment]))[0]
        return day


def range_words(start: date | None, end: date | None) -> str:
    """A range in words, as ``between 2020-01-04 and 2020-01-05, a weekend``; what is open at both ends has none."""
    if start is None or end is None:
        return f"from {start} on" if start else f"up to {end}" if end else ""
    is_weekend = start.weekday() >= _SATURDAY and (end - start).days <= _SUNDAY - start.weekday()
    return f"between {start} and {end}{', a weekend' if is_weekend else ''}"


def no_times() -> Times:
    """An empty datetime64[ms] array."""
    return np.empty(0, dtype="datetime64[ms]")


def no_days() -> Days:
    """An empty datetime64[D] array."""
    return np.empty(0, dtype="datetime64[D]")


def first_moment(day: np.datetime64, zones: Iterable[str]) -> np.datetime64:
    """The first moment of ``day``, datetime64[ms] as the times of bars are: none before it has that trading day."""
    one = day.astype("datetime64[D]").reshape(1)
    starts: list[np.datetime64] = [midnights(one, zone)[0] for zone in set(zones)]
    return max(starts, default=one.astype("datetime64[ms]")[0])


def midnights(days: Days, zone: str) -> NDArray[np.datetime64]:
    """The moment in UTC, datetime64[ms], at which each of ``days`` begins in ``zone``; for an unknown zone, at which it
    has begun everywhere on earth.
    """
    if not len(days) or zone == "UTC":
        return days.astype("datetime64[ms]")
    first = days.min().astype("datetime64[Y]")
    years = np.arange(first, days.max().astype("datetime64[Y]") + 1).astype(int) + 1970
    every = np.concatenate([_midnights(int(year), zone) for year in years])
    return np.asarray(every[(days - first.astype("datetime64[D]")).astype(np.int64)])


@lru_cache(maxsize=1024)
def _midnights(year: int, zone: str) -> NDArray[np.datetime64]:
    days = np.arange(np.datetime64(f"{year:04}", "D"), np.datetime64(f"{year + 1:04}", "D"))
    try:
        place = _zone_info(zone)
    except DataError:
        return np.asarray(days.astype("datetime64[ms]") + _LAST_PLACE)
    seconds = [datetime(day.year, day.month, day.day, tzinfo=place).timestamp() for day in days.tolist()]
    return np.round(np.array(seconds) * 1000).astype(np.int64).astype("datetime64[ms]")


def local_time(time: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """``time``, in UTC, as local time in ``zone``, daylight saving included."""
    if zone == "UTC" or not len(time):
        return time
    first, last = (int(moment.astype("datetime64[Y]").astype(np.int64)) for moment in (time.min(), time.max()))
    changes, offsets = _offsets(zone, first, last + 1)
    return np.asarray(time + offsets[np.searchsorted(changes, time, side="right") - 1])


@lru_cache(maxsize=64)
def _offsets(zone: str, first: int, stop: int) -> tuple[NDArray[np.datetime64], NDArray[np.timedelta64]]:
    """Transitions of ``zone`` (in ms) and UTC offsets from each on, over years counted from 1970."""
    place, day = _zone_info(zone), 86_400

    def offset(second: int) -> int:
        found = datetime.fromtimestamp(second, place).utcoffset()
        return 0 if found is None else int(found.total_seconds())

    years = np.array([first, stop], dtype="datetime64[Y]").astype("datetime64[s]").astype(np.int64).tolist()
    seconds = range(years[0] - day, years[1] + day, day)
    changes, offsets = [seconds[0]], [offset(seconds[0])]
    for second in seconds[1:]:
        if (found := offset(second)) != offsets[-1]:
            within = range(second - day, second + 1)
            changes.append(within[bisect_left(within, True, key=lambda moment: offset(moment) == found)])
            offsets.append(found)
    return np.array(changes, dtype="datetime64[s]").astype("datetime64[ms]"), np.array(offsets, dtype="timedelta64[s]")


def _zone_info(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise DataError(
            f"Unknown time zone '{zone[:40]}': give that of the exchange, such as America/New_York."
        ) from None
