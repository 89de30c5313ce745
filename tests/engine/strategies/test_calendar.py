"""Strategies of dates against Python's own calendar."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np
import pytest

from engine.core.errors import SpecError
from engine.market.bars import Bars
from engine.strategies import Strategy
from engine.strategies.calendar_rules import CalendarStrategy
from engine.strategies.kinds.months import Months
from engine.strategies.kinds.turn_of_month import TurnOfMonth
from engine.strategies.kinds.weekdays import Weekdays
from tests.support.deciding import marks, sides
from tests.support.market import days, make_bars


def weekdays_only(count: int, first: str = "2019-12-30") -> Bars:
    times = days(2 * count, first)
    times = times[np.is_busday(times.astype("datetime64[D]"))][:count]
    return make_bars(np.ones(count), time=times)


def everyday(count: int, first: str = "2019-12-30") -> Bars:
    return make_bars(np.ones(count), time=days(count, first))


def dates(bars: Bars) -> list[date]:
    return [moment.astype("datetime64[D]").item() for moment in bars.time]


def sessions(day: date, weekends: bool) -> list[date]:
    length = calendar.monthrange(day.year, day.month)[1]
    month = [day.replace(day=number) for number in range(1, length + 1)]
    return [item for item in month if weekends or item.weekday() < 5]


def following(day: date, weekends: bool) -> date:
    day += timedelta(days=1)
    while day.weekday() >= 5 and not weekends:
        day += timedelta(days=1)
    return day


def expected(bars: Bars, strategy: Strategy) -> list[bool]:
    found, weekends = [], False
    for day in dates(bars):
        weekends = weekends or day.weekday() >= 5
        ahead = following(day, weekends)
        match strategy:
            case TurnOfMonth():
                month = sessions(ahead, weekends)
                place = month.index(ahead)
                found.append(place < strategy.first or place >= len(month) - strategy.last)
            case Weekdays():
                week = [(strategy.first + step) % 7 for step in range((strategy.last - strategy.first) % 7 + 1)]
                found.append(ahead.weekday() in week)
            case Months():
                year = [(strategy.first - 1 + step) % 12 for step in range((strategy.last - strategy.first) % 12 + 1)]
                found.append(ahead.month - 1 in year)
    return found


CASES = [
    TurnOfMonth(),
    TurnOfMonth(last=0, first=1),
    TurnOfMonth(last=10, first=0),
    Weekdays(),
    Weekdays(first=4, last=0),
    Weekdays(first=2, last=2),
    Months(),
    Months(first=3, last=3),
    Months(first=2, last=9),
]


@pytest.mark.parametrize("strategy", CASES, ids=[item.label() for item in CASES])
@pytest.mark.parametrize("bars", [weekdays_only(900), everyday(900), everyday(5)], ids=["weekdays", "every day", "few"])
def test_agrees_with_pythons_calendar(strategy: CalendarStrategy, bars: Bars) -> None:
    inside = expected(bars, strategy)
    outside = [not flag for flag in inside]
    found = sides(strategy, bars)
    assert found == {"entries": inside, "exits": outside, "short_entries": outside, "short_exits": inside}


def test_turn_of_the_month_by_hand() -> None:
    """January 2020 ends on a Friday: the decision of Thursday holds Friday, that of Friday holds Monday the 3rd."""
    bars = weekdays_only(8, "2020-01-27")
    found = TurnOfMonth(last=1, first=2).signals(bars, {})
    assert [str(day) for day in dates(bars)][3:5] == ["2020-01-30", "2020-01-31"]
    assert (marks(found.entries), marks(found.exits)) == ("...xxx..", "xxx...xx")


def test_months_by_hand() -> None:
    """In November from the first session on, which the close of the last one in October decides."""
    found = Months().signals(weekdays_only(4, "2020-10-29"), {})
    assert marks(found.entries) == ".xxx"


def test_bars_within_a_day_are_decided_by_their_own_date() -> None:
    """22:00 of a Monday to 01:00 in UTC is Tuesday morning in Sydney, and Monday afternoon in New York."""
    hours = (np.datetime64("2020-01-06T22", "h") + np.arange(4)).astype("datetime64[ms]")
    tuesday = Weekdays(first=1, last=1)
    for zone, expected in {"UTC": "..xx", "Australia/Sydney": "xxxx", "America/New_York": "...."}.items():
        bars = make_bars(np.ones(4), time=hours, interval="1h", timezone=zone)
        assert marks(tuesday.signals(bars, {}).entries) == expected


def test_month_of_bars_within_a_day_is_that_of_the_exchange() -> None:
    """The last session of January in Sydney begins at 23:00 UTC of the 30th, the first of February on the 31st."""
    hours = np.array(["2020-01-30T23", "2020-01-31T04", "2020-01-31T23"], dtype="datetime64[ms]")
    bars = make_bars(np.ones(3), time=hours, interval="1h", timezone="Australia/Sydney")
    assert marks(Months(first=2, last=2).signals(bars, {}).entries) == "..x"
    assert marks(TurnOfMonth(last=1, first=0).signals(bars, {}).entries) == "xx."
    assert marks(TurnOfMonth(last=0, first=1).signals(bars, {}).entries) == "..x"


def test_missing_close_decides_nothing() -> None:
    found = Months(first=1, last=6).signals(make_bars([1.0, np.nan, 1.0]), {})
    assert marks(found.entries) == "x.x"


def test_what_holds_always_or_never_is_refused() -> None:
    with pytest.raises(SpecError, match="nothing would ever be held"):
        TurnOfMonth.parse({"kind": "turn_of_month", "last": 0, "first": 0})
    with pytest.raises(SpecError, match="All seven days"):
        Weekdays.parse({"kind": "weekdays", "first": 3, "last": 2})
    with pytest.raises(SpecError, match="All twelve months"):
        Months.parse({"kind": "months", "first": 5, "last": 4})


def test_labels() -> None:
    assert TurnOfMonth().label() == "Turn of the month −1/+3"
    assert Weekdays().label() == "Monday to Wednesday"
    assert Weekdays(first=4, last=4).label() == "Friday"
    assert Months().label() == "November to April"
    assert Months(first=12, last=12).label() == "December"
