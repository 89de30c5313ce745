"""The trading day: the date at the exchange, and the one meaning of day, week, month, quarter, year and range.

Daily bars are stamped with it. An intraday bar belongs to the day on which it begins by the clock of its exchange: a
session in Sydney is one day, though it falls on two dates of UTC. Where bars of several exchanges share a calendar, a
day begins once it has begun at each of them, whatever their order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError

Days = NDArray[np.datetime64]
Zones = tuple[str, ...]
"""Names of time zones; none at all for daily bars."""

_DAY = np.timedelta64(1, "D")


def trading_days(time: NDArray[np.datetime64], zones: Iterable[str]) -> Days:
    """datetime64[D] of each ``time``: its own date without ``zones``, the earliest of the dates in these with them.

    Raises ``DataError`` for a time zone that is not known.
    """
    dates = [clock(time, zone).astype("datetime64[D]") for zone in set(zones)]
    return np.minimum.reduce(dates) if dates else time.astype("datetime64[D]")


def trading_day(moment: np.datetime64, zones: Iterable[str]) -> np.datetime64:
    """The trading day of one moment."""
    day: np.datetime64 = trading_days(np.array([moment]), zones)[0]
    return day


def day_start(day: np.datetime64, zones: Iterable[str]) -> np.datetime64:
    """The first moment of ``day``, datetime64[ms] as the times of bars are: none before it has that trading day."""
    midnight = day.astype("datetime64[D]").astype("datetime64[ms]")
    near = np.arange(midnight - _DAY, midnight + _DAY, np.timedelta64(15, "m"))  # zones differ by quarters of an hour
    starts: list[np.datetime64] = [near[np.searchsorted(clock(near, zone), midnight)] for zone in set(zones)]
    return max(starts, default=midnight)


def clock(time: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """``time``, in UTC, as the clocks in ``zone`` show it, summer time included."""
    if zone == "UTC" or not len(time):
        return time
    first, last = (int(moment.astype("datetime64[Y]").astype(np.int64)) for moment in (time.min(), time.max()))
    changes, offsets = _offsets(zone, first, last + 1)
    return np.asarray(time + offsets[np.searchsorted(changes, time, side="right") - 1])


@lru_cache(maxsize=64)
def _offsets(zone: str, first: int, stop: int) -> tuple[NDArray[np.datetime64], NDArray[np.timedelta64]]:
    """The moments, in ms, from which on a clock in ``zone`` is how far from UTC, over years counted from 1970."""
    place, day = _known(zone), 86_400

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


def _known(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise DataError(
            f"There is no time zone '{zone[:40]}': name that of the exchange as America/New_York is named."
        ) from None
