"""The calendar that bars of several symbols share, and the trading days on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import numpy as np

from engine.market.bars import Bars, Times
from engine.market.days import Days, Zones, first_moment, no_days, no_times, trading_days


def calendar(bars: Sequence[Bars]) -> Times:
    """The union of the symbols' times, ascending; read-only, and cached for the same bars."""
    return _calendar(tuple(bars))


def union(times: Sequence[Times]) -> Times:
    """All of ``times``, each ascending, once; most are usually a part of the longest."""
    longest = max(times, key=len)
    others = [item for item in times if not _is_part(item, longest)]
    merged = np.sort(np.concatenate([longest, *others]), kind="stable") if others else longest
    found: Times = merged[np.append(True, merged[1:] != merged[:-1])] if others else longest[:]
    found.setflags(write=False)
    return found


def _is_part(times: Times, longest: Times) -> bool:
    """Whether ``times`` are a stretch of ``longest``."""
    first = int(np.searchsorted(longest, times[0])) if len(times) else 0
    return bool(np.array_equal(longest[first : first + len(times)], times))


def zones_of(bars: Iterable[Bars]) -> Zones:
    """The time zones of the exchanges of intraday bars, sorted; empty for daily bars."""
    return tuple(sorted({zone for item in bars for zone in item.series.zones}))


def common_days(bars: Sequence[Bars]) -> Days:
    """The trading day of each bar of ``calendar``: the earliest at the exchanges that have a bar then, and never before
    that of an earlier bar. Monday's session in Sydney is Monday, although it is still Sunday in New York.
    """
    return _common_days(tuple(bars))


def days_at(bars: Sequence[Bars], time: Times) -> Days:
    """``common_days`` of some bars of the calendar."""
    zones = zones_of(bars)
    if len(zones) < 2:
        return trading_days(time, zones)
    return np.asarray(common_days(bars)[np.searchsorted(calendar(bars), time)])


def day_starts(bars: Sequence[Bars]) -> tuple[Times, Days]:
    """The bars of ``calendar`` that begin a trading day, and these days; both empty where the clock of one exchange
    tells.
    """
    if len(zones_of(bars)) < 2:
        return no_times(), no_days()
    days = common_days(bars)
    first = np.append(True, days[1:] != days[:-1])
    return calendar(bars)[first], days[first]


def day_start(bars: Sequence[Bars], day: np.datetime64) -> np.datetime64:
    """The moment from which bars belong to ``day`` or a later one."""
    zones, time = zones_of(bars), calendar(bars)
    place = int(np.searchsorted(common_days(bars), day.astype("datetime64[D]")))
    moment: np.datetime64 = time[place] if len(zones) > 1 and place < len(time) else first_moment(day, zones)
    return moment


def between(bars: Sequence[Bars], start: date | None, end: date | None) -> tuple[Bars, ...]:
    """The bars from ``start`` to ``end``, trading days of the common calendar that are both included."""
    if len(zones_of(bars)) < 2:
        return tuple(item.between(start, end) for item in bars)
    first = None if start is None else day_start(bars, np.datetime64(start, "D"))
    stop = None if end is None else day_start(bars, np.datetime64(end, "D") + 1)
    return tuple(
        item.slice(
            0 if first is None else int(np.searchsorted(item.time, first)),
            len(item) if stop is None else int(np.searchsorted(item.time, stop)),
        )
        for item in bars
    )


@lru_cache(maxsize=4)
def _calendar(bars: tuple[Bars, ...]) -> Times:
    return union([item.time for item in bars])


@lru_cache(maxsize=4)
def _common_days(bars: tuple[Bars, ...]) -> Days:
    time, zones = calendar(bars), zones_of(bars)
    if len(zones) < 2:
        return trading_days(time, zones)
    found = np.full(len(time), np.iinfo(np.int64).max)
    for item in bars:
        rows = np.searchsorted(time, item.time)
        found[rows] = np.minimum(found[rows], item.days.astype(np.int64))
    return np.maximum.accumulate(found).astype("datetime64[D]")
