"""The part of a series that a chart shows, and the clock by which it shows it.

A chart's x are milliseconds since 1970 of the time on the clock; of dated bars, which have no time of day, of their
dates. Windows held by the browser are of these, windows of the engine in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from engine.core.errors import DataError
from engine.market.bars import Bars, Times
from engine.market.days import local_time

Window = tuple[float, float]
"""From and to in milliseconds since 1970, both included."""

_DAY = 86_400_000


@dataclass(frozen=True)
class Clock:
    """A time zone by its IANA name."""

    zone: str = "UTC"

    @property
    def name(self) -> str:
        """As it follows a time of day: ``UTC``, ``New York``."""
        return self.zone.rpartition("/")[2].replace("_", " ")

    def shown(self, time: Times) -> NDArray[np.float64]:
        """The time on the clock at ``time`` in UTC, as x of a chart."""
        return base.times(local_time(time, self.zone))

    def moment(self, shown: float) -> float:
        """Milliseconds since 1970 in UTC at which the clock shows ``shown``."""
        guess = shown
        for _ in range(2):  # the second time with the offset of the moment itself, around a change of the clock
            guess = shown - (self._local(guess) - guess)
        return guess

    def _local(self, moment: float) -> float:
        return float(self.shown(np.array([round(moment)]).astype("datetime64[ms]"))[0])


UTC_CLOCK = Clock()


def clock(zone: object) -> Clock:
    """The clock of ``zone``, of UTC for what is no time zone."""
    try:
        found = Clock(str(zone))
        found.moment(0.0)
    except DataError:
        return UTC_CLOCK
    return found


def held_window(held: object, keep: str) -> Window | None:
    """The window that the browser holds for what ``keep`` names, None for any other."""
    if not isinstance(held, Mapping) or held.get("keep") != keep:
        return None
    found = _window(held.get("range"))
    return found and in_utc(found, clock(held.get("zone") or "UTC"))


def in_utc(window: Window, clock: Clock) -> Window:
    """The window that ``clock`` shows as ``window``."""
    return clock.moment(window[0]), clock.moment(window[1])


def _window(value: object) -> Window | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    if not all(isinstance(item, int | float) and abs(item) < _LATEST for item in value):
        return None
    return (float(value[0]), float(value[1])) if value[0] < value[1] else None


_LATEST = float(np.datetime64("9000-01-01", "ms").astype(np.int64))


def last_days(bars: Bars, days: str) -> Window | None:
    """The window of the last ``days`` calendar days; None for no number, or where the bars span no more than that."""
    if not isinstance(days, str) or not re.fullmatch(r"\d{1,5}", days):
        return None
    end = float(base.times(bars.time[-1:])[0])
    start = end - int(days) * _DAY
    return (start, end) if start > base.times(bars.time[:1])[0] else None


def bounds(bars: Bars, window: Window | None) -> tuple[int, int]:
    """[first, stop) of the bars inside ``window``; all without one, or where it lies before or after them."""
    if window is None:
        return 0, len(bars)
    edges = np.ceil(window[0]), np.floor(window[1])
    start, end = np.array(edges).astype("datetime64[ms]")
    if end < bars.time[0] or start > bars.time[-1]:
        return 0, len(bars)
    return int(np.searchsorted(bars.time, start)), int(np.searchsorted(bars.time, end, side="right"))


def within(bars: Bars, window: Window | None) -> Bars:
    """The bars inside ``window``, or all of them if it holds none."""
    first, stop = bounds(bars, window)
    return bars.slice(first, stop) if stop > first else bars
