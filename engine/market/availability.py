"""Availability: the values of a bar are known from its end.

A bar is stamped with its start, a daily one with a date at its exchange. Wherever series of different intervals, time
zones or calendars are combined, a value is used from the moment at which it was known, regardless of its stamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Bars, Floats, Market, Times
from engine.market.days import Days, midnights
from engine.market.intervals import bar_interval

STALE = np.timedelta64(7, "D")
"""A value is dropped where the next bar ends later than this, or than one bar length, after it."""
_HOUR = np.timedelta64(3_600_000, "ms")
_OPENS, _CLOSES = 9 * _HOUR, 17 * _HOUR
"""Bounds of any exchange's session, in local time."""
_AT_EXCHANGES = ("equity", "index", "etf", "fund")


def known_at(bars: Bars) -> Times:
    """The moment in UTC, datetime64[ms], at which each bar had ended and its values were known.

    Bars within a day end one interval after their start. A daily bar has ended when its date has at the exchange: at
    the next midnight of the series' time zone, wherever daylight saving puts it. Where the zone is not known that is
    the end of the date anywhere on earth. Weeks and months end with their last date.
    """
    return bar_interval(bars.series.interval).ends(bars.time, bars.series.timezone)


def known_until(market: Market, moment: np.datetime64) -> Market:
    """The bars of ``market`` that had ended by ``moment``, in UTC; a symbol without any is left out."""
    ended = [int(np.searchsorted(known_at(bars), moment, side="right")) for bars in market.bars]
    return Market(tuple(bars.slice(0, count) for bars, count in zip(market.bars, ended, strict=True) if count))


def began_at(bars: Bars) -> Times:
    """The moment in UTC, datetime64[ms], at which each bar began; the start of the date for a daily bar."""
    return bar_interval(bars.series.interval).begins(bars.time, bars.series.timezone)


def align_known(values: Floats, known: Times, bars: Bars) -> Floats:
    """``values``, each of which was ``known`` from a moment in UTC on (ascending), on the bars that can use them:
    float64 as long as ``bars``, NaN where there is none.

    Each is assigned to the first bar that had not ended before it was known, the latest of several on one bar, so that
    values computed from these very bars are assigned to their own. It is not forward filled. Values known before the
    first bar began are dropped, and so are those older than ``STALE`` and than one bar length.
    """
    if not len(bars):
        return np.empty(0)
    return align_to_ends(values, known, known_at(bars), began_at(bars.slice(0, 1))[0], bars.series.interval)


def align_to_ends(values: Floats, known: Times, ends: Times, first: np.datetime64, interval: str) -> Floats:
    """``align_known`` for bars of ``interval`` that end at ``ends``, the first of which began at ``first``."""
    found = np.full(len(ends), np.nan)
    at = np.searchsorted(ends, known)
    within = (at < len(ends)) & (known > first)
    longest = max(STALE, bar_interval(interval).duration)
    within[within] = ends[at[within]] - known[within] <= longest
    found[at[within]] = values[within]  # of several for one place the last is what stays
    return found


def asynchronous_symbols(bars: Sequence[Bars], *, at_open: bool) -> tuple[str, str] | None:
    """Two symbols of dated ``bars`` of which the first may be traded on the second's close before that was known; None
    where there are none.

    A decision about several symbols is based on all their bars of one date, and is filled at the close of that date or,
    with ``at_open``, at the first open after it. Exchanges are assumed to trade from 9:00 to 17:00 local time, other
    markets the whole day.
    """
    dated = [item for item in bars if not item.series.is_intraday and len(item)]
    if len({(item.series.timezone, _all_day(item)) for item in dated}) < 2:
        return None
    for one in dated:
        for other in dated:
            dates = np.intersect1d(one.time, other.time).astype("datetime64[D]")
            dates = bar_interval(one.series.interval).last_dates(dates)
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


def require_common_time(other: Bars, market: Sequence[Bars]) -> None:
    """Raise ``DataError`` where no bar of ``other`` is known on any of those of ``market``: what compares them would be
    unknown throughout, and nobody would see why.
    """
    own = [bars for bars in market if len(bars)]
    ones, known = np.ones(len(other)), known_at(other)
    if not len(other) or not own or any(np.isfinite(align_known(ones, known, bars)).any() for bars in own):
        return
    first, last = min(bars.time[0] for bars in own), max(bars.time[-1] for bars in own)
    whose = own[0].series.symbol if len(own) == 1 else f"the {len(own):,} symbols of the market"
    raise DataError(
        f"{other.series.symbol} has bars from {_day(other.time[0])} to {_day(other.time[-1])}, and {whose} from "
        f"{_day(first)} to {_day(last)}: they have no time in common. Choose one whose bars overlap."
    )


def require_overlap(market: Sequence[Bars]) -> None:
    """Raise ``DataError`` where each symbol of ``market`` has bars, and each begins after the one before it has ended:
    there is nothing that a comparison of them could compare.
    """
    in_time = sorted((bars for bars in market if len(bars)), key=lambda bars: bars.time[0])
    pairs = list(pairwise(in_time))
    if len(in_time) < len(market) or not pairs or any(late.time[0] <= early.time[-1] for early, late in pairs):
        return
    early, late = pairs[0]
    raise DataError(
        f"No two of the {len(market):,} symbols have bars at the same time, so there is nothing to compare: "
        f"{early.series.symbol} ends on {_day(early.time[-1])}, and {late.series.symbol} begins on "
        f"{_day(late.time[0])}. Choose symbols whose bars overlap."
    )


def _day(time: np.datetime64) -> str:
    return str(time)[:10]
