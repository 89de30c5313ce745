"""Sessions of exchanges: the calendars against known closures, and bars against the calendars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.core.config import settings
from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.market.quality import calendars
from engine.market.quality.calendars import calendar, code_for, derived
from engine.market.quality.edits import apply
from engine.market.quality.sessions import check_sessions
from tests.support.market import SERIES, make_bars

pytestmark = pytest.mark.usefixtures("workspace")


def daily(first: str, last: str, *, without: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> Bars:
    """A bar for each session of New York but some, and some on other days."""
    days = calendar("XNYS").between(np.datetime64(first), np.datetime64(last))
    days = np.union1d(np.setdiff1d(days, np.array(without, "datetime64[D]")), np.array(extra, "datetime64[D]"))
    close = 100 + np.arange(len(days)) % 7
    return make_bars(close, time=days.astype("datetime64[ms]"))


def hourly(shift: int = 0, *, winter: int = 0) -> Bars:
    """Bars of a year at 9:30, 10:30 ... of New York, moved by hours, in winter by more."""
    days = calendar("XNYS").between(np.datetime64("2021-01-04"), np.datetime64("2021-12-31"))
    known = calendar("XNYS")
    at = np.searchsorted(known.days, days)
    opens = known.opens[at]
    is_winter = (opens - opens.astype("datetime64[D]")) > np.timedelta64(14, "h")
    lengths = np.ceil((known.closes[at] - opens) / np.timedelta64(1, "h")).astype(int)
    moved = opens + (shift + winter * is_winter) * np.timedelta64(3_600_000, "ms")
    time = np.concatenate(
        [start + np.arange(n) * np.timedelta64(3_600_000, "ms") for start, n in zip(moved, lengths, strict=True)]
    )
    return make_bars(100 + np.arange(len(time)) % 7, time=time, interval="1h")


@pytest.mark.parametrize("day", ["2001-09-11", "2001-09-14", "2012-10-29", "2012-10-30", "2021-04-02", "2020-12-25"])
def test_new_york_was_closed(day: str) -> None:
    assert np.datetime64(day) not in calendar("XNYS").days


def test_new_york_was_open_before_its_closures_and_long_ago() -> None:
    days = calendar("XNYS").days
    for day in ("2001-09-10", "2001-09-17", "2012-10-31", "1987-10-19", "1962-05-28"):
        assert np.datetime64(day) in days


def test_day_after_thanksgiving_is_a_half_day() -> None:
    known = calendar("XNYS")
    assert {np.datetime64("2020-11-27"), np.datetime64("2019-07-03")} <= set(known.early_closes())
    assert np.datetime64("2020-11-30") not in known.early_closes()
    assert known.closes[np.searchsorted(known.days, np.datetime64("2020-11-27"))] == np.datetime64("2020-11-27T18:00")


def test_calendar_is_read_again_from_its_file_and_a_damaged_one_is_built_anew() -> None:
    known = calendar("XHKG")
    (path,) = (settings().cache / "calendars").glob("XHKG*.npz")
    for content in (path.read_bytes(), b"nothing"):
        path.write_bytes(content)
        calendars._calendar.cache_clear()
        again = calendar("XHKG")
        assert (again.days == known.days).all()
        assert (again.break_starts[-1], again.break_ends[-1]) == (known.break_starts[-1], known.break_ends[-1])


def test_unknown_calendar_is_a_sentence() -> None:
    with pytest.raises(DataError, match="Unknown calendar 'XNYSE'"):
        calendar("XNYSE")


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({}, "XNYS"),
        ({"symbol": "VOD.L"}, "XLON"),
        ({"symbol": "BRK.B"}, "XNYS"),
        ({"timezone": "Asia/Tokyo", "kind": "index"}, "XTKS"),
        ({"kind": "crypto"}, "24/7"),
        ({"kind": "fx"}, "24/5"),
        ({"kind": "commodity"}, ""),
        ({"timezone": "Antarctica/Troll"}, ""),
    ],
)
def test_calendar_follows_suffix_kind_and_zone(about: dict[str, str], code: str) -> None:
    assert code_for(replace(SERIES, **about)) == code


def test_all_sessions_are_no_finding() -> None:
    assert check_sessions(daily("2000-01-03", "2020-12-31"), calendar("XNYS")) == ()


def test_missing_sessions_are_named() -> None:
    bars = daily("2019-01-02", "2020-12-31", without=("2019-05-07", "2020-02-03", "2020-02-04"))
    (finding,) = check_sessions(bars, calendar("XNYS"))
    assert (finding.name, finding.count, finding.first) == ("missing sessions", 3, None)
    assert finding.days.astype(str).tolist() == ["2019-05-07", "2020-02-03", "2020-02-04"]
    assert "up to 2 in a row" in finding.sentence


def test_idle_bars_on_holidays_are_proposed_to_be_dropped() -> None:
    bars = daily("2019-01-02", "2020-12-31", extra=("2019-07-04", "2020-12-25"))
    volume = np.where(bars.days == np.datetime64("2019-07-04"), 0.0, 1000.0)
    idle = replace(bars, volume=volume)
    (finding,) = check_sessions(idle, calendar("XNYS"))
    assert (finding.name, bars.days[finding.rows].astype(str).tolist()) == ("extra bars", ["2019-07-04", "2020-12-25"])
    whole = apply(idle, finding.repairs)
    assert len(whole) == len(bars) - 1
    assert np.datetime64("2019-07-04") not in whole.days


def test_another_calendar_is_doubted_and_not_the_bars() -> None:
    weekends = make_bars(np.arange(1.0, 800), time=np.arange("2019-01-01", "2021-03-10", dtype="datetime64[D]")[:799])
    assert [item.name for item in check_sessions(weekends, calendar("XNYS"))] == ["calendar"]
    assert check_sessions(weekends, calendar("24/7")) == ()


def test_hours_of_the_session_are_no_finding() -> None:
    assert check_sessions(hourly(), calendar("XNYS")) == ()


@pytest.mark.parametrize(("shift", "words"), [(5, "5 hours after"), (-4, "4 hours before")])
def test_bars_of_another_zone_are_found(shift: int, words: str) -> None:
    found = {item.name: item for item in check_sessions(hourly(shift), calendar("XNYS"))}
    assert words in found["time zone"].sentence


def test_bars_without_daylight_saving_are_found() -> None:
    found = {item.name: item for item in check_sessions(hourly(winter=2), calendar("XNYS"))}
    assert "2 hours after" in found["daylight saving"].sentence


def test_a_clock_of_the_exchange_that_was_stored_as_utc_is_found() -> None:
    """Bars of 9:30 in New York at 9:30 UTC: five hours early in winter, four in summer, whatever zone they state."""
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        bars = hourly(shift=-4, winter=-1)
        found = {
            item.name: item
            for item in check_sessions(replace(bars, series=replace(bars.series, timezone=zone)), calendar("XNYS"))
        }
        assert "5 hours before and bars of summer 4 hours before" in found["daylight saving"].sentence
        assert "out of hours" not in found


@pytest.mark.parametrize(("hours", "severity"), [((2, 7, 11, 16), "warning"), ((8, 15, 16, 17), "note")])
def test_bars_that_are_mostly_out_of_hours_are_more_than_a_note(hours: tuple[int, ...], severity: str) -> None:
    days = calendar("XNYS").between(np.datetime64("2021-01-04"), np.datetime64("2021-12-31"))
    time = np.concatenate([days.astype("datetime64[ms]") + np.timedelta64(hour, "h") for hour in hours])
    bars = make_bars(100 + np.arange(len(time)) % 7, time=np.sort(time), interval="1h")
    found = {item.name: item for item in check_sessions(bars, calendar("XNYS"))}
    assert found["out of hours"].severity == severity


def test_last_bar_that_went_on_when_it_was_fetched_is_proposed_to_be_dropped() -> None:
    bars = daily("2020-11-02", "2020-11-27")
    for fetched, count in (("2020-11-27T17:30:00", 1), ("2020-11-27T18:30:00", 0)):  # it closed at 18:00 UTC
        known = replace(bars, series=replace(bars.series, fetched=fetched))
        found = check_sessions(known, calendar("XNYS"))
        assert [item.name for item in found] == ["unfinished"] * count
        assert len(apply(known, [edit for item in found for edit in item.repairs])) == len(bars) - count


def test_calendar_of_a_universe_is_what_most_have() -> None:
    days = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")
    several = [days, np.delete(days, 10), np.delete(days, [5, 20]), days[15:]]
    common = derived(several)
    assert common is not None
    assert (common.days == days).all()
    assert derived(several[:2]) is None
