"""The trading day: expected dates are those of a wall calendar, or what pandas makes of the same moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.common_calendar import between, common_days
from engine.market.days import first_moment, local_time, range_words, trading_days
from engine.market.panel import align
from tests.support.market import days, make_bars, random_walk

SYDNEY, TOKYO, NEW_YORK = "Australia/Sydney", "Asia/Tokyo", "America/New_York"


def hours(times: list[str], zone: str, **about: object) -> Bars:
    return make_bars(np.arange(1.0, len(times) + 1), time=times, interval="1h", timezone=zone, **about)


def dated(bars: Bars) -> list[str]:
    return [str(day) for day in bars.days]


def test_daily_bars_are_their_dates() -> None:
    assert dated(make_bars([1.0, 2.0], time=days(2), timezone=SYDNEY)) == ["2020-01-01", "2020-01-02"]


def test_session_in_sydney_is_one_day() -> None:
    """Tuesday the 14th of January 2020, 10:00 to 16:00, in summer: 23:00 of Monday to 05:00 of Tuesday in UTC."""
    bars = hours(["2020-01-13T05:00", "2020-01-13T23:00", "2020-01-14T00:00", "2020-01-14T04:00", "2020-01-14T23:00"],
                 SYDNEY)  # fmt: skip
    assert dated(bars) == ["2020-01-13", "2020-01-14", "2020-01-14", "2020-01-14", "2020-01-15"]
    assert bars.between(date(2020, 1, 14), date(2020, 1, 14)).close.tolist() == [2, 3, 4]
    assert bars.between(date(2020, 1, 14), None).close.tolist() == [2, 3, 4, 5]
    assert bars.between(None, date(2020, 1, 13)).close.tolist() == [1]


def test_session_in_tokyo_is_one_day_all_year() -> None:
    """09:00 to 15:00 is midnight to 06:00 in UTC; what trades at night before is of that day from 15:00 UTC on."""
    bars = hours(["2020-07-13T14:59", "2020-07-13T15:00", "2020-07-14T00:00", "2020-07-14T06:00"], TOKYO)
    assert dated(bars) == ["2020-07-13", "2020-07-14", "2020-07-14", "2020-07-14"]


def test_midnight_of_new_york_moves_with_summer_time() -> None:
    """Its clocks went forward on the 8th of March 2020: midnight is 05:00 UTC until that day and 04:00 after it."""
    bars = hours(["2020-03-08T04:59", "2020-03-08T05:00", "2020-03-09T03:59", "2020-03-09T04:00", "2020-11-02T04:59",
                  "2020-11-02T05:00"], NEW_YORK)  # fmt: skip
    assert dated(bars) == ["2020-03-07", "2020-03-08", "2020-03-08", "2020-03-09", "2020-11-01", "2020-11-02"]


def test_clock_leaps_over_an_hour_and_repeats_one() -> None:
    spring = np.array(["2020-03-08T06:59:59.999", "2020-03-08T07:00"], dtype="datetime64[ms]")
    assert [str(moment)[11:19] for moment in local_time(spring, NEW_YORK)] == ["01:59:59", "03:00:00"]
    autumn = np.array(["2020-11-01T05:30", "2020-11-01T06:30"], dtype="datetime64[ms]")
    assert [str(moment)[11:16] for moment in local_time(autumn, NEW_YORK)] == ["01:30", "01:30"]


@pytest.mark.parametrize("zone", [SYDNEY, TOKYO, NEW_YORK, "Europe/London", "Asia/Kolkata", "America/Sao_Paulo", "UTC"])
@given(start=some.integers(0, 420_000), count=some.integers(1, 20_000))
def test_clock_is_that_of_pandas(zone: str, start: int, count: int) -> None:
    time = (np.datetime64("1975-01-01", "h") + start + np.arange(count)).astype("datetime64[ms]")
    theirs = pd.DatetimeIndex(time, tz="UTC").tz_convert(zone).tz_localize(None)
    np.testing.assert_array_equal(local_time(time, zone), theirs.to_numpy("datetime64[ms]"))


@pytest.mark.parametrize("zones", [(), (SYDNEY,), (NEW_YORK,), (TOKYO, NEW_YORK), (NEW_YORK, SYDNEY, TOKYO)])
@given(number=some.integers(10_000, 20_000))
def test_first_moments_where_the_trading_day_changes(zones: tuple[str, ...], number: int) -> None:
    day = np.datetime64(number, "D")
    start = first_moment(day, zones)
    around = start + np.arange(-2, 2)
    assert (trading_days(around, zones) >= day).tolist() == [False, False, True, True]


def test_day_of_several_exchanges_is_that_of_those_which_have_a_bar_whatever_their_order() -> None:
    """At 23:00 UTC of Monday it is Tuesday in Sydney, and Monday in New York until 05:00."""
    times = ["2020-01-13T23:00", "2020-01-14T04:59", "2020-01-14T05:00"]
    sydney, both, later = (
        hours(times, SYDNEY),
        hours(times, NEW_YORK, symbol="B"),
        hours(times[1:], NEW_YORK, symbol="C"),
    )
    for pair in ((sydney, both), (both, sydney)):
        assert [str(day) for day in align(pair).days] == ["2020-01-13", "2020-01-13", "2020-01-14"]
    for pair in ((sydney, later), (later, sydney)):  # no day ends twice: 04:59 does not go back to Monday
        assert [str(day) for day in align(pair).days] == ["2020-01-14", "2020-01-14", "2020-01-14"]


MOMENTS = some.lists(some.integers(0, 120), min_size=1, max_size=40, unique=True).map(sorted)


EXCHANGES = some.tuples(some.sampled_from([SYDNEY, TOKYO, NEW_YORK, "UTC"]), MOMENTS)


@given(given=some.lists(EXCHANGES, min_size=1, max_size=4), first=some.integers(0, 6), last=some.integers(0, 6))
def test_days_and_ranges_of_any_exchanges_are_those_of_a_loop(
    given: list[tuple[str, list[int]]], first: int, last: int
) -> None:
    """Hour by hour over five days, with the clocks of the standard library."""
    start = datetime(2020, 1, 13, tzinfo=UTC)
    bars = [
        hours([(start + timedelta(hours=at)).strftime("%Y-%m-%dT%H:%M") for at in moments], zone, symbol=f"S{number}")
        for number, (zone, moments) in enumerate(given)
    ]
    day, expected = date.min, {}
    for at in sorted({at for _, moments in given for at in moments}):
        there = [zone for zone, moments in given if at in moments]
        day = max(day, min((start + timedelta(hours=at)).astimezone(ZoneInfo(zone)).date() for zone in there))
        expected[at] = day
    assert common_days(bars).tolist() == list(expected.values())
    begin, end = (date(2020, 1, 12) + timedelta(days=number) for number in (first, last))
    for (_, moments), part in zip(given, between(bars, begin, end), strict=True):
        inside = [number for number, at in enumerate(moments) if begin <= expected[at] <= end]
        assert part.close.tolist() == [number + 1.0 for number in inside]


def test_range_that_a_series_is_listed_with_is_in_days_of_its_exchange() -> None:
    series = hours(["2020-01-13T23:00", "2020-01-14T23:00"], SYDNEY).series
    assert [str(day) for day in series.span] == ["2020-01-14", "2020-01-15"]
    assert [str(day) for day in random_walk(3, timezone=SYDNEY).series.span] == ["2020-01-01", "2020-01-03"]


@pytest.mark.parametrize("zone", ["Nowhere/Atlantis", "", "../etc/passwd", "EST5EDT4"])
def test_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(DataError, match="Unknown time zone"):
        trading_days(days(1), [zone])


@given(some.dates(date(2019, 1, 1), date(2021, 1, 1)), some.integers(0, 9))
def test_range_without_a_weekday_is_called_a_weekend(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    weekdays = [first + timedelta(days=at) for at in range(more + 1) if (first + timedelta(days=at)).isoweekday() < 6]
    assert range_words(first, last) == f"between {first} and {last}{'' if weekdays else ', a weekend'}"
    assert [range_words(first, None), range_words(None, last)] == [f"from {first} on", f"up to {last}"]
