"""Checks against the sessions of an exchange: missing and extra days, hours, and a last bar that goes on.

Calendars are not certain, above all for past decades, so that no finding here is grave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Times
from engine.market.days import Days, local_time
from engine.market.intervals import DAILY, bar_interval
from engine.market.quality import edits
from engine.market.quality.calendars import EVERY_DAY, WEEKDAYS, ExchangeCalendar
from engine.market.quality.finding import About, Finding, counted, mask_rows, missing, share

ABOUT: Mapping[str, About] = MappingProxyType(
    {
        "calendar": About("Calendar", "The bars follow the calendar."),
        "missing sessions": About("Missing sessions", "Every session has a bar."),
        "extra bars": About("Bars on holidays", "Every bar is on a session."),
        "time zone": About("Time zone of the bars", "The bars are in the hours of the session."),
        "daylight saving": About("Daylight saving", "Summer and winter bars are in the hours of the session."),
        "out of hours": About("Out of hours", "No bar is outside the hours of its session."),
        "short sessions": About("Incomplete sessions", "Every session has most of its bars."),
        "unfinished": About("Unfinished bar", "The last bar had ended when it was fetched."),
    }
)

_WRONG = 0.2
"""Share of sessions or bars that do not fit, from which the calendar is in doubt and not the bars."""
_FEW = 0.005
_RUN = 5
_SAMPLE = 20_000
_HALF = 0.5
_FITS, _BETTER = 0.97, 0.05
_HALF_HOUR = np.timedelta64(1_800_000, "ms")
_FX_DAY, _FX_ZONE = np.timedelta64(7 * 3_600_000, "ms"), "America/New_York"
"""The week of currencies is from Sunday 17:00 in New York to Friday 17:00: seven hours later the dates are its days."""


def check_sessions(bars: Bars, calendar: ExchangeCalendar | None) -> tuple[Finding, ...]:
    """Findings on ``bars``, daily or within the day, against ``calendar``; without one only of the last bar."""
    interval = bar_interval(bars.series.interval)
    if not len(bars) or not (interval.is_intraday or interval.name == DAILY):
        return ()
    found = list(_unfinished(bars, calendar))
    if calendar is not None and len(calendar.days):
        found += _sessions(bars, calendar)
    return tuple(found)


def _unfinished(bars: Bars, calendar: ExchangeCalendar | None) -> Iterator[Finding]:
    """A daily bar ends with its session, one within a day after its duration."""
    if not bars.series.fetched:
        return
    fetched, last = np.datetime64(bars.series.fetched[:19], "ms"), bars.days[-1]
    end = bars.time[-1] + bar_interval(bars.series.interval).duration
    if not bars.series.is_intraday:
        if calendar is None or not calendar.has_hours:
            return
        at = int(np.searchsorted(calendar.days, last))
        if at == len(calendar.days) or calendar.days[at] != last:
            return
        end = calendar.closes[at]
    if end > fetched:
        yield Finding(
            "unfinished",
            "warning",
            np.array([len(bars) - 1]),
            f"The last bar was fetched at {_minute(fetched)} UTC, and ends at {_minute(end)} UTC.",
            "Its close, high and low are those of an unfinished period: the last decision rests on them.",
            repairs=(edits.drop(bars, np.array([len(bars) - 1])),),
        )


def _sessions(bars: Bars, calendar: ExchangeCalendar) -> Iterator[Finding]:
    days = _session_days(bars, calendar)
    inside = (days >= calendar.days[0]) & (days <= calendar.days[-1])
    own = np.unique(days[inside])
    if not len(own):
        return
    sessions = calendar.between(own[0], own[-1])
    absent, is_extra = np.setdiff1d(sessions, own), inside & ~np.isin(days, sessions)
    extra_days = len(np.setdiff1d(own, sessions))
    if len(absent) > _WRONG * len(sessions) or extra_days > _WRONG * len(own):
        yield _doubtful(calendar, absent, len(sessions), mask_rows(is_extra), extra_days)
        return
    if len(absent):
        yield _missing(absent, sessions)
    if is_extra.any():
        yield _extra(bars, calendar, mask_rows(is_extra))
    if bars.series.is_intraday and calendar.has_hours and calendar.code not in (EVERY_DAY, WEEKDAYS):
        yield from _hours(bars, calendar)


def _session_days(bars: Bars, calendar: ExchangeCalendar) -> Days:
    """The date of the session of each bar."""
    if bars.series.is_intraday and calendar.code == WEEKDAYS:
        return np.asarray((local_time(bars.time, _FX_ZONE) + _FX_DAY).astype("datetime64[D]"))
    if bars.series.is_intraday and calendar.code == EVERY_DAY:
        return bars.time.astype("datetime64[D]")
    return bars.days


def _doubtful(calendar: ExchangeCalendar, absent: Days, sessions: int, extra: NDArray[np.intp], days: int) -> Finding:
    return Finding(
        "calendar",
        "warning",
        extra,
        f"The bars do not follow the calendar of {calendar.title}: {share(len(absent), sessions)} of its sessions have "
        f"no bar, and {counted(days, 'day')} with bars {'is' if days == 1 else 'are'} no session.",
        "Gaps cannot be told from holidays: choose the calendar of the exchange.",
        absent,
    )


def _missing(absent: Days, sessions: Days) -> Finding:
    places = np.searchsorted(sessions, absent)
    longest = max(len(part) for part in np.split(places, np.flatnonzero(np.diff(places) != 1) + 1))
    is_rare = len(absent) <= _FEW * len(sessions) and longest < _RUN
    return missing(
        "missing sessions",
        "note" if is_rare else "warning",
        absent,
        f"{counted(len(absent), 'session')} without a bar, {share(len(absent), len(sessions))} of {len(sessions):,}"
        + (f", up to {longest:,} in a row." if longest > 1 else "."),
        "Orders wait for the next bar, its return covers several sessions, and averages over a number of bars cover "
        "more days.",
    )


def _extra(bars: Bars, calendar: ExchangeCalendar, rows: NDArray[np.intp]) -> Finding:
    is_idle = ~(bars.volume[rows] > 0) if bars.series.has_volume else np.zeros(len(rows), dtype=np.bool_)
    idle = rows[is_idle]
    text = f", {len(idle):,} of them without volume" if len(idle) else ""
    return Finding(
        "extra bars",
        "warning",
        rows,
        f"{counted(len(rows))} on days that are no sessions of {calendar.title}{text}.",
        "Orders are filled on days without trading, and returns of zero understate the volatility.",
        repairs=(edits.drop(bars, idle),) if len(idle) else (),
    )


def _hours(bars: Bars, calendar: ExchangeCalendar) -> Iterator[Finding]:
    duration = bar_interval(bars.series.interval).duration
    inside = _inside(bars.time, duration, calendar)
    chosen = bars.time[:: max(1, len(bars) // _SAMPLE)]
    is_summer = _in_summer(chosen, calendar)
    winter, summer = chosen[~is_summer], chosen[is_summer]
    if len(winter) > len(chosen) // 10 and len(summer) > len(chosen) // 10:
        shifts = [_shift(part, duration, calendar) for part in (winter, summer)]
    else:
        shifts = [_shift(chosen, duration, calendar)] * 2
    if shifts[0] != shifts[1]:
        yield Finding(
            "daylight saving",
            "warning",
            mask_rows(~inside),
            f"Bars of winter are {_hours_off(shifts[0])} and bars of summer {_hours_off(shifts[1])} the session of "
            f"{calendar.title}: their times do not follow daylight saving.",
            "Beside other series, decisions use prices of an hour that has not come, or is long gone.",
        )
    elif shifts[0]:
        yield Finding(
            "time zone",
            "warning",
            mask_rows(~inside),
            f"The bars are {_hours_off(shifts[0])} the session of {calendar.title}, in which they would fit: they are "
            "probably of another time zone.",
            "Beside other series, decisions use prices that have not come, or are long gone; daily bars made of these "
            "end at the wrong hour.",
        )
    elif not inside.all():
        rows = mask_rows(~inside)
        yield Finding(
            "out of hours",
            "warning" if len(rows) > _HALF * len(bars) else "note",
            rows,
            f"{counted(len(rows))} outside the hours of {calendar.title}, early closes included: "
            f"{share(len(rows), len(bars))} of all.",
            "Trading before and after the session is thin: fills there are better than they would have been.",
        )
    yield from _short(bars, calendar, duration)


def _in_summer(time: Times, calendar: ExchangeCalendar) -> NDArray[np.bool_]:
    """Whether the exchange follows daylight saving at each of ``time``: by its openings in UTC, since the zone that the
    bars state is in question.
    """
    at = np.minimum(np.searchsorted(calendar.opens, time), len(calendar.opens) - 1)
    opens = (calendar.opens[at] - calendar.opens[at].astype("datetime64[D]")).astype(np.int64)
    early, late = np.quantile(opens, (0.02, 0.98))
    return np.asarray(opens < (early + late) / 2)


def _inside(time: Times, duration: np.timedelta64, calendar: ExchangeCalendar) -> NDArray[np.bool_]:
    """Whether each bar has a part of a session, breaks excluded."""
    at = np.searchsorted(calendar.closes, time, side="right")
    at = np.minimum(at, len(calendar.closes) - 1)
    found = (time + duration > calendar.opens[at]) & (time < calendar.closes[at])
    in_break = (time >= calendar.break_starts[at]) & (time + duration <= calendar.break_ends[at])  # false where NaT
    return np.asarray(found & ~in_break)


def _shift(time: Times, duration: np.timedelta64, calendar: ExchangeCalendar) -> int:
    """Half hours by which the bars are late, 0 unless another shift fits where this one does not."""
    fits = {step: float(_inside(time - step * _HALF_HOUR, duration, calendar).mean()) for step in range(-28, 29)}
    most = max(round(fit, 4) for fit in fits.values())
    moment = np.timedelta64(1, "ms")  # of those that fit alike, the one at which most bars begin in the session
    begin = {
        step: float(_inside(time - step * _HALF_HOUR, moment, calendar).mean())
        for step, fit in fits.items()
        if round(fit, 4) == most
    }
    best = max(begin, key=lambda step: (round(begin[step], 4), -abs(step)))
    return best if fits[best] >= _FITS and fits[best] - fits[0] > _BETTER else 0


def _hours_off(shift: int) -> str:
    if not shift:
        return "in"
    hours = abs(shift) / 2
    unit = "hour" if hours == 1 else "hours"
    return f"{hours:g} {unit} {'after' if shift > 0 else 'before'}"


def _short(bars: Bars, calendar: ExchangeCalendar, duration: np.timedelta64) -> Iterator[Finding]:
    days, counts = np.unique(bars.days, return_counts=True)
    at = np.minimum(np.searchsorted(calendar.days, days), len(calendar.days) - 1)
    is_session = calendar.days[at] == days
    lengths = calendar.closes[at] - calendar.opens[at]
    rest = calendar.break_ends[at] - calendar.break_starts[at]
    lengths = np.where(np.isnat(rest), lengths, lengths - rest)
    full = np.maximum(lengths // duration, 1)
    ratio = counts / full
    usual = min(float(np.median(ratio[is_session])), 1.0) if is_session.any() else 1.0
    is_short = is_session & (ratio < 0.6 * usual)
    is_short[[0, -1]] = False  # where the series begins and ends
    if is_short.any():
        rows = mask_rows(np.isin(bars.days, days[is_short]))
        count = int(is_short.sum())
        yield Finding(
            "short sessions",
            "warning" if count > _FEW * len(days) else "note",
            rows,
            f"{counted(count, 'session')} with fewer than 60% of the usual bars, early closes allowed for.",
            "Indicators over a number of bars reach back further there, and stops are not checked in the gaps.",
        )


def _minute(moment: np.datetime64) -> str:
    return str(moment)[:16].replace("T", " ")
