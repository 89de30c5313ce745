"""Bars conflated into longer ones for the screen: exact first, highest, lowest and last of each period.

A series is cut at natural periods only (5 minutes, an hour, a trading day, a week from Monday, a month), intraday ones
by the clock of the exchange, so that a candle of four hours never reaches into another session's day. Levels are built
when they are first needed, each from the one below, and live as long as the bars.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Floats, Times
from engine.market.days import local_time
from engine.market.intervals import INTERVALS, bar_interval

_MINUTES = {"5 minutes": 5, "15 minutes": 15, "30 minutes": 30, "hour": 60, "2 hours": 120, "4 hours": 240}
_DATES = ("day", "week", "month", "quarter", "year")
PERIODS = (*_MINUTES, *_DATES)
"""What longer candles stand for, from the shortest to the longest."""
_ADJECTIVES = {"quarter": "quarterly", "year": "yearly"} | {item.period: item.adjective for item in INTERVALS.values()}
_MONDAY = np.timedelta64(3, "D")  # 1970 began on a Thursday


@dataclass(frozen=True, eq=False)
class Level:
    """Candles of one ``period``, ascending.

    ``first`` is the index of the first bar of each. ``time`` is datetime64[ms]: that of the bar itself where a candle
    is one bar, else the start of its minutes or hours in UTC, or the date with which its day, week, month, quarter or
    year begins (``is_dated``). Prices and ``volume`` are float64; volumes add up, and what is missing counts nothing.
    """

    period: str
    is_dated: bool
    first: NDArray[np.intp]
    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.first)

    def within(self, start: int, stop: int) -> tuple[int, int]:
        """[first, stop) of the candles that the bars [``start``, ``stop``) are in."""
        first = int(np.searchsorted(self.first, start, side="right")) - 1
        return max(first, 0), int(np.searchsorted(self.first, stop))

    def slice(self, first: int, stop: int) -> Level:
        """The candles [``first``, ``stop``)."""
        names = ("first", "time", "open", "high", "low", "close", "volume")
        return Level(self.period, self.is_dated, *(getattr(self, name)[first:stop] for name in names))


@dataclass(frozen=True, eq=False)
class Pyramid:
    """The levels of a series: its own bars, and every period of ``PERIODS`` that is longer."""

    periods: tuple[str, ...]
    _levels: list[Level] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def level(self, bars: Bars, index: int) -> Level:
        """The level of ``periods[index]``, of the ``bars`` that the pyramid is of."""
        with self._lock:
            while len(self._levels) <= index:
                self._levels.append(_next(bars, self.periods[len(self._levels)], self._levels))
            return self._levels[index]


def level_for(bars: Bars, start: int, stop: int, most: int) -> Level:
    """The finest level in which the bars [``start``, ``stop``) are at most ``most`` candles, or the coarsest."""
    found = pyramid(bars)
    for index in range(len(found.periods)):
        level = found.level(bars, index)
        first, end = level.within(start, stop)
        if end - first <= most:
            return level
    return level


def pyramid(bars: Bars) -> Pyramid:
    """The levels of ``bars``, the same object for the same bars."""
    own = bar_interval(bars.series.interval)
    known = {item.period: item for item in INTERVALS.values()}
    unfit = {
        name
        for name, item in known.items()
        if item.duration <= own.duration or (item.is_intraday and not own.serves(item))
    }
    fresh = Pyramid((own.period, *(period for period in PERIODS if period not in unfit)))
    return _pyramids().setdefault(bars, fresh)


def adjective(period: str) -> str:
    """What candles of a ``period`` are called, such as weekly."""
    return _ADJECTIVES[period]


@cache
def _pyramids() -> WeakKeyDictionary[Bars, Pyramid]:
    return WeakKeyDictionary()


def _next(bars: Bars, period: str, below: Sequence[Level]) -> Level:
    """The level of ``period`` over the last of ``below``; without any, the bars themselves."""
    if not below:
        values = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        return Level(period, not bars.series.is_intraday, np.arange(len(bars)), bars.time, *values)
    fine = below[-1]
    starts = _starts(bars, fine, period)
    cuts = np.flatnonzero(np.append(True, starts[1:] != starts[:-1]))
    ends = np.append(cuts[1:], len(fine)) - 1
    return Level(
        period,
        period in _DATES,
        fine.first[cuts],
        starts[cuts],
        fine.open[cuts],
        np.fmax.reduceat(fine.high, cuts),
        np.fmin.reduceat(fine.low, cuts),
        fine.close[ends],
        np.add.reduceat(np.nan_to_num(fine.volume), cuts),
    )


def _starts(bars: Bars, fine: Level, period: str) -> Times:
    """The start of the ``period`` that each candle of ``fine`` falls into."""
    if period in _MINUTES:
        local = local_time(fine.time, bars.series.timezone)
        return np.asarray(fine.time - (local - np.datetime64(0, "ms")) % np.timedelta64(_MINUTES[period], "m"))
    dates = fine.time if fine.is_dated else local_time(fine.time, bars.series.timezone)
    days = dates.astype("datetime64[D]")
    if period == "week":
        return np.asarray(((days + _MONDAY).astype("datetime64[W]") - _MONDAY).astype("datetime64[ms]"))
    unit = {"day": "D", "month": "M", "quarter": "M", "year": "Y"}[period]
    whole = days.astype(f"datetime64[{unit}]")
    return np.asarray((whole - whole.astype(np.int64) % 3 if period == "quarter" else whole).astype("datetime64[ms]"))
