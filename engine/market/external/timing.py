"""Times of external values: those by the clock of a place in UTC, and the interval of the bars they belong to."""

from __future__ import annotations

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Times
from engine.market.days import local_time
from engine.market.external.known import Known
from engine.market.intervals import DAILY, INTERVALS, Interval, bar_interval

_SHORTEST: Interval = "1m"


def clock_times(time: Times, zone: str, origin: str, wrong: dict[int, str]) -> Times:
    """``time`` by the clock of ``zone`` in UTC; NaT, and a sentence in ``wrong``, for hours that it shows twice or
    never. Raises ``DataError`` where the zone is not given or unknown.
    """
    import pandas as pd

    if not zone:
        raise DataError(
            f"{origin} has times of day without their time zone: choose one, such as America/New_York or UTC."
        )
    local_time(np.array(["2020-01-01"], dtype="datetime64[ms]"), zone)  # an unknown zone is named
    local = pd.DatetimeIndex(time).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    found = np.asarray(local.tz_convert("UTC").tz_localize(None).to_numpy(), dtype="datetime64[ms]")
    for at in np.flatnonzero(np.isnat(found) & ~np.isnat(time)).tolist():
        wrong[at] = f"the clock of {zone} shows this time twice or never, write it with its offset from UTC"
    return found


def interval_of(name: str, time: Times, is_dated: bool, known: Known, origin: str) -> Interval:
    """The interval of the bars that values at ``time`` were computed from: the one called ``name``, a day for dates,
    or the most frequent step between times of day. Raises ``DataError`` where that is none, and matters.
    """
    if name:
        found = bar_interval(name)
        if found.is_intraday and is_dated:
            raise DataError(f"{origin} has dates alone, which are no times of bars of {name}: choose 1d, 1w or 1mo.")
        if not found.is_intraday and not is_dated:
            raise DataError(f"{origin} has times of day, and bars of {name} have dates: choose a shorter interval.")
        return found.name
    if is_dated:
        return DAILY
    steps = np.diff(np.unique(time))
    sizes, counts = np.unique(steps, return_counts=True)
    usual = sizes[np.argmax(counts)] if len(sizes) else np.timedelta64(0, "ms")
    exact = next((item.name for item in INTERVALS.values() if item.is_intraday and item.duration == usual), None)
    if exact is not None:
        return exact
    if known.moment == "stamp":
        return _SHORTEST
    raise DataError(
        f"{origin} has times of day that are not one bar apart: choose the interval of the bars that the values were "
        "computed from, or say that they were known at the time stamped."
    )
