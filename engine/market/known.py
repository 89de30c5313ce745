"""When what a bar says was known: the moment at which it had ended.

A bar is stamped with its start, a daily one with a date at its exchange. Wherever series of different intervals, time
zones or calendars meet, a value counts from the moment on at which it was known, and never for its stamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.market.days import Days, midnights

if TYPE_CHECKING:
    from engine.market.bars import Bars, Floats, Times

STALE = np.timedelta64(7, "D")
"""A value that has waited longer than this for a bar is not handed to it."""
_HOUR = np.timedelta64(3_600_000, "ms")
_LENGTH = {"m": _HOUR // 60, "h": _HOUR}
_OPENS, _CLOSES = 9 * _HOUR, 17 * _HOUR
"""No exchange's session begins before the one or ends after the other, by its own clock."""
_AT_EXCHANGES = ("equity", "index", "etf", "fund")


def known_at(bars: Bars) -> Times:
    """The moment in UTC, datetime64[ms], at which each bar had ended and its values were known.

    Bars within a day end one interval after their start. A daily bar has ended when its date has at the exchange: at
    the next midnight of the series' time zone, wherever daylight saving puts it. Where the zone is not known that is
    the end of the date anywhere on earth.
    """
    count, unit = int(bars.series.interval[:-1]), bars.series.interval[-1]
    if unit == "d":
        return midnights(bars.time.astype("datetime64[D]") + count, bars.series.timezone)
    return bars.time + count * _LENGTH[unit]


def begun_at(bars: Bars) -> Times:
    """The moment in UTC, datetime64[ms], at which each bar began; of a daily one its date did."""
    if bars.series.interval.endswith("d"):
        return midnights(bars.time.astype("datetime64[D]"), bars.series.timezone)
    return bars.time


def joined(values: Floats, known: Times, bars: Bars) -> Floats:
    """``values``, each of which was ``known`` from a moment in UTC on (ascending), on the bars that can use them:
    float64 as long as ``bars``, NaN where there is none.

    Each belongs to the first bar that had not ended before it was known, and of several on one bar the latest counts;
    so what follows from these very bars belongs to its own. It is there on that bar alone and is not carried on. What
    was known before the first bar began belongs to no bar, and so does what has waited for one longer than ``STALE``.
    """
    found = np.full(len(bars), np.nan)
    if not len(bars):
        return found
    ends = known_at(bars)
    at = np.searchsorted(ends, known)
    kept = (at < len(ends)) & (known > begun_at(bars.part(0, 1))[0])
    kept[kept] = ends[at[kept]] - known[kept] <= STALE
    found[at[kept]] = values[kept]  # of several for one place the last is what stays
    return found


def overtaken(bars: Sequence[Bars], *, at_open: bool) -> tuple[str, str] | None:
    """Two symbols of daily ``bars`` of which the first may be traded on the second's close before that was known; None
    where there are none.

    What is decided about several symbols follows from all their bars of one date, and is filled at the close of that
    date or, with ``at_open``, at the first open after it. Exchanges are taken to trade from 9 to 17 o'clock by their
    own clock, and what is not traded at one the whole day.
    """
    daily = [item for item in bars if item.series.interval.endswith("d") and len(item)]
    if len({(item.series.timezone, _all_day(item)) for item in daily}) < 2:
        return None
    for one in daily:
        for other in daily:
            dates = np.intersect1d(one.time, other.time).astype("datetime64[D]")
            traded = _opening(one, dates + 1) if at_open else _closing(one, dates)
            if (traded < _closing(other, dates)).any():
                return one.series.symbol, other.series.symbol
    return None


def _opening(bars: Bars, dates: Days) -> Times:
    begin = midnights(dates, bars.series.timezone)
    return begin if _all_day(bars) else begin + _OPENS


def _closing(bars: Bars, dates: Days) -> Times:
    if _all_day(bars):
        return midnights(dates + 1, bars.series.timezone)
    return midnights(dates, bars.series.timezone) + _CLOSES


def _all_day(bars: Bars) -> bool:
    return bars.series.kind not in _AT_EXCHANGES
