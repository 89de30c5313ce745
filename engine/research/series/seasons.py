"""Average returns by month, weekday, day of the month and hour, and whether they differ by more than chance.

Each group's mean is compared with that of all other returns (Welch 1947, unequal variances), and the p-values of all
groups of all calendars are adjusted together (Holm 1979): of sixty comparisons of pure chance three fall below 5%.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Bars, Floats
from engine.market.days import Days, local_time
from engine.market.intervals import bar_interval
from engine.market.periods import last_rows

Calendar = Literal["month", "weekday", "day", "hour"]
CALENDARS: tuple[Calendar, ...] = get_args(Calendar)
LEVEL = 0.05
MINIMUM_RETURNS = 24
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_THURSDAY = 3  # the first day of 1970, in days since Monday
_NOUNS: Mapping[Calendar, str] = {"month": "monthly", "weekday": "daily", "day": "daily", "hour": "hourly"}


@dataclass(frozen=True, eq=False)
class Averages:
    """Simple returns grouped by ``labels``, those with an observation: ``mean``, the 95% confidence interval from
    ``low`` to ``high`` by Student's t (NaN for a single observation), ``count``. ``p_value`` is that of Welch's test
    against all other groups together, NaN where one side has fewer than two returns, and ``adjusted`` the same by Holm
    among the comparisons of all calendars.
    """

    calendar: Calendar
    labels: tuple[str, ...]
    mean: Floats
    low: Floats
    high: Floats
    count: NDArray[np.int64]
    p_value: Floats
    adjusted: Floats


@dataclass(frozen=True, eq=False)
class Seasons:
    """``found`` averages, each by another calendar, and a sentence for each calendar that is ``refused``."""

    found: tuple[Averages, ...]
    refused: dict[Calendar, str]

    @property
    def averages(self) -> Mapping[Calendar, Averages]:
        """The averages by calendar."""
        return {item.calendar: item for item in self.found}

    def summary(self) -> Mapping[str, object]:
        """Comparisons with a p-value below ``LEVEL``, as they are and after Holm's correction."""
        return {"compared": self.comparisons, "below": self.below(adjusted=False), "left": self.below(adjusted=True)}

    @property
    def comparisons(self) -> int:
        """Groups that were compared with the others."""
        return sum(int(np.isfinite(item.p_value).sum()) for item in self.found)

    def below(self, *, adjusted: bool) -> int:
        """Comparisons with a p-value below ``LEVEL``."""
        found = [item.adjusted if adjusted else item.p_value for item in self.found]
        return sum(int((values < LEVEL).sum()) for values in found)


@lru_cache(maxsize=8)
def seasons(bars: Bars) -> Seasons:
    """The averages of ``bars`` by every calendar that their interval allows. Cached for the same bars."""
    averages: dict[Calendar, Averages] = {}
    refused: dict[Calendar, str] = {}
    for calendar in CALENDARS:
        try:
            averages[calendar] = _averages(calendar, *grouped(bars, calendar))
        except DataError as error:
            refused[calendar] = str(error)
    adjusted = holm(np.concatenate([item.p_value for item in averages.values()] or [np.empty(0)]))
    parts = np.split(adjusted, np.cumsum([len(item.labels) for item in averages.values()])[:-1])
    together = (replace(item, adjusted=part) for item, part in zip(averages.values(), parts, strict=False))
    return Seasons(tuple(together), refused)


def grouped(bars: Bars, calendar: Calendar) -> tuple[NDArray[np.int64], Floats]:
    """(group, return) of each month, day or hour: months from 0, weekdays from Monday as 0, days of the month from 1,
    hours of the exchange's clock. Returns are from one positive close to the next; that of an hour begins with the last
    close of the same trading day, or with the day's first open, so that nights are left out. The last month counts only
    once it is over.

    Raises ``DataError`` for fewer than ``MINIMUM_RETURNS``, for prices that do not move, and where bars are too long.
    """
    known = np.isfinite(bars.close) & (bars.close > 0)
    close, days = bars.close[known], bars.days[known]
    if calendar == "hour":
        group, found = _hours(bars, known)
    else:
        _allow(bars, calendar)
        ends = last_rows(days, "month" if calendar == "month" else "day") if len(days) else np.empty(0, np.intp)
        if calendar == "month" and len(ends) and not _is_over(days[-1], bars.series.interval):
            ends = ends[:-1]
        group, found = _group(days[ends[1:]], calendar), close[ends[1:]] / close[ends[:-1]] - 1
    _check(bars, calendar, found)
    return group, found


def _allow(bars: Bars, calendar: Calendar) -> None:
    interval = bar_interval(bars.series.interval)
    if calendar != "month" and interval.duration > np.timedelta64(1, "D"):
        raise DataError(f"These are {interval.adjective} bars: averages by day need daily or shorter ones.")


def _check(bars: Bars, calendar: Calendar, found: Floats) -> None:
    name = bars.series.symbol
    if len(found) < MINIMUM_RETURNS:
        raise DataError(
            f"{name} has {len(found)} {_NOUNS[calendar]} returns between positive closes in this range; averages need "
            f"{MINIMUM_RETURNS}: choose a longer range."
        )
    if np.ptp(found) == 0:
        raise DataError(f"The {_NOUNS[calendar]} returns of {name} are all the same in this range.")


def _group(days: Days, calendar: Calendar) -> NDArray[np.int64]:
    if calendar == "weekday":
        return np.asarray((days.astype(np.int64) + _THURSDAY) % 7)
    months = days.astype("datetime64[M]")
    if calendar == "month":
        return np.asarray(months.astype(np.int64) % 12)
    return np.asarray((days - months.astype("datetime64[D]")).astype(np.int64) + 1)


def _is_over(day: np.datetime64, interval: str) -> bool:
    """Whether the month of the last ``day`` of trading ends with it; up to three holidays may follow."""
    if interval == "1mo":
        return True
    following = (day.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return int(np.busday_count(day + 1, following)) == 0


def _hours(bars: Bars, known: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Floats]:
    if not bars.series.is_intraday:
        raise DataError("Averages by hour need intraday bars.")
    close, open, days = bars.close[known], bars.open[known], bars.days[known]
    if not len(close):
        return np.empty(0, np.int64), np.empty(0)
    hours = local_time(bars.time[known], bars.series.timezone).astype("datetime64[h]").astype(np.int64)
    begins = np.append(True, (hours[1:] != hours[:-1]) | (days[1:] != days[:-1]))
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(close)) - 1
    is_new = np.append(True, days[first[1:]] != days[first[1:] - 1])
    before = np.where(is_new, open[first], close[first - 1])
    used = np.isfinite(before) & (before > 0)
    return np.asarray(hours[first][used] % 24), close[last][used] / before[used] - 1


def _averages(calendar: Calendar, group: NDArray[np.int64], found: Floats) -> Averages:
    from scipy.stats import t

    here = np.flatnonzero(np.bincount(group))
    parts = [found[group == item] for item in here]
    count = np.array([len(part) for part in parts])
    mean = np.array([part.mean() for part in parts])
    deviation = np.array([part.std(ddof=1) if len(part) > 1 else np.nan for part in parts])
    reach = t.ppf(0.975, np.maximum(count - 1, 1)) * deviation / np.sqrt(count)
    p_value = np.array([_welch(part, found[group != item]) for item, part in zip(here, parts, strict=True)])
    labels = tuple(_label(calendar, int(item)) for item in here)
    return Averages(calendar, labels, mean, mean - reach, mean + reach, count, p_value, np.full(len(here), np.nan))


def _welch(one: Floats, other: Floats) -> float:
    from scipy.stats import ttest_ind

    if min(len(one), len(other)) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(ttest_ind(one, other, equal_var=False).pvalue)


def _label(calendar: Calendar, group: int) -> str:
    match calendar:
        case "month":
            return MONTHS[group]
        case "weekday":
            return WEEKDAYS[group]
        case "hour":
            return f"{group:02}"
    return str(group)


def holm(p_values: Floats) -> Floats:
    """``p_values`` adjusted for their number by Holm's step-down method; NaN stay and count nothing."""
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known])]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted
