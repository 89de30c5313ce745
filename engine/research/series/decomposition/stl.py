"""Trend, season and remainder of the log closes of a series: STL (Cleveland et al. 1990, by statsmodels).

STL needs observations at equal steps and a whole number of them in a season. Closes are put on such a grid of the
calendar first: the twelve months of a year, the weekdays of a week, the times of a day. A slot without a close, such as
a holiday, repeats the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Bars, Floats, Times
from engine.market.days import local_time
from engine.market.intervals import bar_interval
from engine.market.periods import last_rows
from engine.research.series.decomposition.spec import Season

SMOOTHER = 13
"""Seasons over which the season itself may change, as STL's odd window; 7, usual elsewhere, follows noise."""
MOST_POINTS = 5_000
"""The latest of a longer grid are decomposed."""

_MOST_TIMES = 100  # of a day; shorter bars are taken at every quarter or half of an hour, or every hour
_THURSDAY = 3  # the first day of 1970, in days since Monday
_UNITS: Mapping[Season, str] = {"year": "years", "week": "weeks", "day": "days"}


class Grid(NamedTuple):
    """``rows`` of the bars whose closes the points of the grid have, the ``slot`` of each in the season, and how many
    slots that has.
    """

    rows: NDArray[np.intp]
    slot: NDArray[np.int64]
    period: int


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Log closes on the grid, ``observed`` = ``trend`` + ``seasonal`` + ``remainder``, float64, at the ``time`` of the
    bar whose close it is. A season has ``period`` slots.

    ``season_strength`` and ``trend_strength`` are in [0, 1]: one minus the variance of the remainder over that of it
    and the part together (Wang, Smith and Hyndman 2006). ``p_value`` is that of Welch's analysis of variance of the log
    returns by slot: STL finds a season in any series, this tells whether the slots differ by more than chance.
    """

    season: Season
    period: int
    time: Times
    observed: Floats
    trend: Floats
    seasonal: Floats
    remainder: Floats
    season_strength: float
    trend_strength: float
    p_value: float
    total: int

    def summary(self) -> Mapping[str, object]:
        """Strengths and p-value."""
        names = ("season", "period", "season_strength", "trend_strength", "p_value")
        return {name: getattr(self, name) for name in names}


def usual_season(bars: Bars) -> Season:
    """A day for intraday bars, a year for all others."""
    return "day" if bars.series.is_intraday else "year"


def decompose(bars: Bars, season: Season) -> Decomposition:
    """The parts of ``bars``. Raises ``DataError`` as ``grid`` does."""
    from statsmodels.tsa.seasonal import STL

    found_grid = grid(bars, season)
    rows, slot = found_grid.rows[-MOST_POINTS:], found_grid.slot[-MOST_POINTS:]
    observed = np.log(bars.close[rows])
    fresh = np.diff(rows) > 0  # a repeated close is no return
    found = STL(observed, period=found_grid.period, seasonal=SMOOTHER).fit()
    trend, seasonal, remainder = (np.asarray(part) for part in (found.trend, found.seasonal, found.resid))
    return Decomposition(
        season=season,
        period=found_grid.period,
        time=bars.time[rows],
        observed=observed,
        trend=trend,
        seasonal=seasonal,
        remainder=remainder,
        season_strength=_strength(seasonal, remainder),
        trend_strength=_strength(trend, remainder),
        p_value=_welch(np.diff(observed)[fresh], slot[1:][fresh]),
        total=len(found_grid.rows),
    )


def grid(bars: Bars, season: Season) -> Grid:
    """The closes of ``bars`` at equal steps. Raises ``DataError`` for closes that have no logarithm, for a price that
    does not move, for fewer than two whole seasons, and where bars are too long for the season.
    """
    known = np.flatnonzero(np.isfinite(bars.close))
    _check(bars, known, season)
    found, name = _GRIDS[season](bars, known), bars.series.symbol
    if found.period < 2 or len(found.rows) < 2 * found.period + 1:
        raise DataError(
            f"{name} has {len(found.rows) / max(found.period, 1):.1f} {_UNITS[season]} of closes in this range; a "
            "season needs more than two. Choose a longer range or a shorter season."
        )
    if np.ptp(np.log(bars.close[found.rows[-MOST_POINTS:]])) == 0:
        raise DataError(f"The price of {name} does not move in this range: there is no trend or season.")
    return found


def _check(bars: Bars, known: NDArray[np.intp], season: Season) -> None:
    about, interval = bars.series, bar_interval(bars.series.interval)
    if season == "day" and not interval.is_intraday:
        raise DataError(f"A season of a day needs intraday bars; these are {interval.adjective}.")
    if season == "week" and interval.duration > np.timedelta64(1, "D"):
        raise DataError(f"A season of a week needs daily or shorter bars; these are {interval.adjective}.")
    bad = int((bars.close[known] <= 0).sum())
    if bad:
        what = "close in this range that is" if bad == 1 else "closes in this range that are"
        raise DataError(f"{about.symbol} has {bad:,} {what} not positive, without a logarithm: choose another range.")
    if not len(known):
        raise DataError(f"{about.symbol} has no close in this range: choose another one.")


def _strength(part: Floats, remainder: Floats) -> float:
    both = float(np.var(part + remainder))
    return max(0.0, 1 - float(np.var(remainder)) / both) if both > 0 else 0.0


def _welch(returns: Floats, slot: NDArray[np.int64]) -> float:
    from scipy.stats import f_oneway

    parts = [returns[slot == item] for item in np.flatnonzero(np.bincount(slot))]
    usable = [part for part in parts if len(part) > 1 and np.ptp(part) > 0]
    return float(f_oneway(*usable, equal_var=False).pvalue) if len(usable) > 1 else float("nan")


def _year(bars: Bars, known: NDArray[np.intp]) -> Grid:
    days = bars.days[known]
    ends = last_rows(days, "month")
    return _filled(known[ends], days[ends].astype("datetime64[M]").astype(np.int64), 12)


def _week(bars: Bars, known: NDArray[np.intp]) -> Grid:
    days = bars.days[known]
    ends = last_rows(days, "day")
    since_monday = days[ends].astype(np.int64) + _THURSDAY
    return _slotted(known[ends], since_monday // 7, since_monday % 7)


def _day(bars: Bars, known: NDArray[np.intp]) -> Grid:
    minutes = int(bar_interval(bars.series.interval).duration / np.timedelta64(1, "m"))
    steps = [step for step in (minutes, 15, 30, 60) if step >= minutes]
    step = next((item for item in steps if 24 * 60 // item <= _MOST_TIMES), steps[-1])
    local = local_time(bars.time[known], bars.series.timezone)
    day = bars.days[known].astype(np.int64)
    slot = (local.astype("datetime64[m]").astype(np.int64) - day * 24 * 60) // step
    last = np.append((slot[1:] != slot[:-1]) | (day[1:] != day[:-1]), True)
    return _slotted(known[last], day[last], slot[last])


_GRIDS = {"year": _year, "week": _week, "day": _day}


def _slotted(rows: NDArray[np.intp], cycle: NDArray[np.int64], slot: NDArray[np.int64]) -> Grid:
    """A grid of the slots that at least half as many cycles have as the most common one, and of the cycles with any."""
    count = np.bincount(slot)
    usual = (count > 0) & (count >= count.max() / 2)
    kept = usual[slot]
    place = (np.cumsum(usual) - 1)[slot[kept]]
    number = np.cumsum(np.append(True, np.diff(cycle[kept]) != 0)) - 1
    return _filled(rows[kept], number * int(usual.sum()) + place, int(usual.sum()))


def _filled(rows: NDArray[np.intp], place: NDArray[np.int64], period: int) -> Grid:
    """``rows`` on every place from the first to the last, which ascend, the one before where there is none."""
    every = np.arange(place[0], place[-1] + 1)
    return Grid(rows[np.searchsorted(place, every, side="right") - 1], every % period, period)
