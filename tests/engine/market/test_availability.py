"""A bar is known once it has ended, by the clock of its exchange."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.market.availability import align_known, asynchronous_symbols, began_at, known_at, known_until
from engine.market.bars import Bars, Market
from tests.support.market import days, make_bars, random_walk


def of(times: list[str], interval: str = "1d", timezone: str = "UTC", **about: Any) -> Bars:
    return make_bars(np.arange(1.0, len(times) + 1), time=times, interval=interval, timezone=timezone, **about)


def hours(count: int, first: str = "2024-01-01T00") -> list[str]:
    return [str(moment) for moment in np.datetime64(first, "h") + np.arange(count)]


@pytest.mark.parametrize(
    ("timezone", "day", "ended"),
    [
        ("UTC", "2024-01-15", "2024-01-16T00:00"),
        ("America/New_York", "2024-01-15", "2024-01-16T05:00"),
        ("America/New_York", "2024-03-09", "2024-03-10T05:00"),  # the clock goes forward two hours after this end
        ("America/New_York", "2024-03-10", "2024-03-11T04:00"),
        ("America/New_York", "2024-11-03", "2024-11-04T05:00"),
        ("Australia/Sydney", "2024-01-15", "2024-01-15T13:00"),
        ("Australia/Sydney", "2024-04-06", "2024-04-06T13:00"),
        ("Australia/Sydney", "2024-04-07", "2024-04-07T14:00"),
        ("Asia/Kolkata", "2024-01-15", "2024-01-15T18:30"),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00"),  # whose midnight the clock leaves out
        ("Asia/Tokyo", "1999-12-31", "1999-12-31T15:00"),
        ("", "2024-01-15", "2024-01-16T12:00"),
        ("Nowhere/At_All", "2024-01-15", "2024-01-16T12:00"),
    ],
)
def test_a_date_ends_at_the_midnight_of_its_exchange(timezone: str, day: str, ended: str) -> None:
    assert known_at(of([day], timezone=timezone))[0] == np.datetime64(ended)
    following = str(np.datetime64(day) + 1)
    assert began_at(of([following], timezone=timezone))[0] == np.datetime64(ended)


def test_an_hour_ends_an_hour_after_its_start_wherever_it_is() -> None:
    bars = of(["2024-03-10T06:30", "2024-03-10T07:30"], "1h", "America/New_York")
    assert known_at(bars).tolist() == np.array(["2024-03-10T07:30", "2024-03-10T08:30"], "datetime64[ms]").tolist()
    assert began_at(bars).tolist() == bars.time.tolist()


def test_years_are_put_together_in_order() -> None:
    bars = random_walk(3000, time=days(3000, "1969-06-01"), timezone="Europe/London")
    ended = known_at(bars)
    assert (np.diff(ended) >= np.timedelta64(23, "h")).all()
    assert (np.diff(ended) <= np.timedelta64(25, "h")).all()
    assert not len(known_at(bars.slice(0, 0)))


def test_what_follows_from_the_bars_themselves_stays_on_them() -> None:
    bars = random_walk(1000, timezone="America/New_York")
    values = np.arange(1000.0)
    np.testing.assert_array_equal(align_known(values, known_at(bars), bars), values)
    later = bars.slice(300, 700)
    np.testing.assert_array_equal(align_known(values, known_at(bars), later), values[300:700])
    kept = np.delete(np.arange(1000), [299, 300, 301, 500])
    found = align_known(values[kept], known_at(bars)[kept], later)
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 1, 200]


def test_a_day_is_known_on_the_hour_that_ends_it_and_on_that_alone() -> None:
    finer = of(hours(72), "1h")
    coarse = of(["2024-01-01", "2024-01-02"])
    found = align_known(np.array([1.0, 2.0]), known_at(coarse), finer)
    assert np.flatnonzero(np.isfinite(found)).tolist() == [23, 47]
    assert found[[23, 47]].tolist() == [1, 2]


def test_a_day_of_new_york_is_known_at_five_in_utc() -> None:
    finer = of(hours(72), "1h")
    coarse = of(["2024-01-01", "2024-01-02"], timezone="America/New_York")
    found = align_known(np.array([1.0, 2.0]), known_at(coarse), finer)
    assert np.flatnonzero(np.isfinite(found)).tolist() == [28, 52]


def test_of_many_hours_a_day_gets_the_last_that_had_ended() -> None:
    finer = of(hours(49), "1h")
    coarse = of(["2024-01-01", "2024-01-02", "2024-01-03"])
    assert align_known(np.arange(49.0), known_at(finer), coarse).tolist() == [23, 47, 48]


def test_what_waited_too_long_or_since_before_the_start_belongs_to_no_bar() -> None:
    coarse = of(["2024-01-01", "2024-01-05", "2024-01-09"])
    values, known = np.array([1.0, 2.0, 3.0]), known_at(coarse)
    later = of(["2024-01-04", "2024-01-16"])  # which ends 7 days after the last of the values was known
    assert align_known(values, known, later).tolist()[1] == 3
    assert np.isnan(align_known(values, known, later)[0])
    assert np.isnan(align_known(values, known, of(["2024-01-04", "2024-01-17"]))).all()
    assert np.isnan(align_known(values, known, of(["2024-01-11", "2024-01-12"]))).all()
    assert not len(align_known(values, known, later.slice(0, 0)))


def test_a_market_until_a_moment_has_the_bars_that_had_ended() -> None:
    market = Market((of(hours(48), "1h", symbol="H"), of(["2024-01-01", "2024-01-02"], symbol="D")))
    early, late = (
        known_until(market, np.datetime64("2024-01-01T23:59")),
        known_until(market, np.datetime64("2024-01-02T00:00")),
    )
    assert [(item.series.symbol, len(item)) for item in early.bars] == [("H", 23)]
    assert [(item.series.symbol, len(item)) for item in late.bars] == [("H", 24), ("D", 1)]


NEW_YORK, SYDNEY = {"timezone": "America/New_York", "symbol": "NY"}, {"timezone": "Australia/Sydney", "symbol": "SYD"}
COIN: dict[str, Any] = {"timezone": "UTC", "symbol": "COIN", "kind": "crypto"}


@pytest.mark.parametrize(
    ("one", "other", "at_open", "expected"),
    [
        (NEW_YORK, NEW_YORK | {"symbol": "TOO"}, False, None),
        (NEW_YORK, SYDNEY, True, None),  # Sydney opens after New York has closed the date before
        (NEW_YORK, SYDNEY, False, ("SYD", "NY")),  # but closes hours before New York opens on the same date
        (COIN, SYDNEY, True, ("SYD", "COIN")),  # the coin's date ends in UTC, an hour after Sydney's next open
        (COIN, NEW_YORK, True, None),
        (COIN, NEW_YORK, False, ("NY", "COIN")),
    ],
)
def test_closes_that_are_still_to_come_are_found(
    one: dict[str, Any], other: dict[str, Any], at_open: bool, expected: tuple[str, str] | None
) -> None:
    bars = [random_walk(400, time=days(400), **about) for about in (one, other)]
    assert asynchronous_symbols(bars, at_open=at_open) == expected
