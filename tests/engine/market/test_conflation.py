"""Conflated candles: against pandas' resampling and by definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import conflation
from engine.market.bars import Bars
from engine.market.conflation import Level, level_for, pyramid
from engine.market.intervals import INTERVALS
from tests.support.market import make_bars, random_walk


def level(bars: Bars, period: str) -> Level:
    found = pyramid(bars)
    return found.level(bars, found.periods.index(period))


def minutes(count: int, first: str, **about: object) -> Bars:
    time = np.datetime64(first, "m") + np.arange(count)
    walk = random_walk(count, time=time, interval="1m", **about)
    return replace(walk, volume=np.arange(count, dtype=np.float64))


PANDAS = {"5 minutes": "5min", "15 minutes": "15min", "30 minutes": "30min", "hour": "1h", "2 hours": "2h"} | {
    "4 hours": "4h", "day": "1D", "week": "W-SUN", "month": "MS", "quarter": "QS", "year": "YS",
}  # fmt: skip


@pytest.mark.parametrize("period", PANDAS)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_a_candle_is_what_pandas_makes_of_its_bars(period: str, zone: str) -> None:
    """By the clock of the exchange; Kolkata is half an hour off and has no summer time, where pandas differs."""
    bars = minutes(60_000, "2023-12-18T22:37", timezone=zone)
    index = pd.DatetimeIndex(bars.time, tz="UTC").tz_convert(zone).tz_localize(None)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    closed = {"closed": "left", "label": "left"} if period != "week" else {}
    expected = pd.DataFrame(columns, index=index).resample(PANDAS[period], **closed).agg(how).dropna()
    found = level(bars, period)
    assert len(found) == len(expected)
    for name in columns:
        np.testing.assert_allclose(getattr(found, name), expected[name], rtol=1e-12)
    starts = found.time if found.is_dated else pd.DatetimeIndex(found.time, tz="UTC").tz_convert(zone).tz_localize(None)
    labels = expected.index - pd.Timedelta(days=6) if period == "week" else expected.index
    assert (pd.DatetimeIndex(starts) == labels.astype("datetime64[ms]")).all()


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("hour", "2021-05-19T13:00"),
        ("4 hours", "2021-05-19T12:00"),
        ("day", "2021-05-19T00:00"),
        ("week", "2021-05-17T00:00"),
        ("month", "2021-05-01T00:00"),
        ("quarter", "2021-04-01T00:00"),
        ("year", "2021-01-01T00:00"),
    ],
)
def test_a_candle_stands_at_the_start_of_its_period(period: str, expected: str) -> None:
    bars = make_bars([1.0], time=["2021-05-19T13:45"], interval="30m")
    assert str(level(bars, period).time[0])[:16] == expected


def test_the_candle_of_a_day_is_the_session_of_the_exchange() -> None:
    """Two sessions in Sydney, the second of which begins while it is still the first's date in UTC."""
    time = ["2020-01-13T23:00", "2020-01-14T04:00", "2020-01-14T23:00", "2020-01-15T04:00"]
    bars = make_bars([1.0, 2.0, 3.0, 4.0], time=time, interval="1h", timezone="Australia/Sydney")
    days = level(bars, "day")
    assert days.first.tolist() == [0, 2]
    assert [str(day)[:10] for day in days.time] == ["2020-01-14", "2020-01-15"]


def test_times_before_1970_fall_into_their_periods_too() -> None:
    bars = make_bars([1.0, 2.0], time=["1965-02-03", "1969-12-31T23:00"], interval="1h", timezone="UTC")
    assert [str(day)[:10] for day in level(bars, "quarter").time] == ["1965-01-01", "1969-10-01"]
    assert [str(day)[:10] for day in level(bars, "week").time] == ["1965-02-01", "1969-12-29"]
    assert [str(day)[:13] for day in level(bars, "4 hours").time] == ["1965-02-03T00", "1969-12-31T20"]


def test_hours_around_a_change_of_the_clock_hold_their_own_bars() -> None:
    """New York, 2 November 2025: the hour from one o'clock comes twice; no bar is lost, none counted twice."""
    bars = minutes(600, "2025-11-02T03:00")
    hours = level(bars, "hour")
    assert hours.volume.sum() == bars.volume.sum()
    assert len(hours) == 10
    assert (np.diff(hours.time) == np.timedelta64(1, "h")).all()


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.integers(1, 5_000), min_size=1, max_size=120),
    zone=st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"]),
    missing=st.sets(st.integers(0, 119)),
)
def test_every_level_keeps_all_bars_their_extremes_and_their_ends(
    steps: list[int], zone: str, missing: set[int]
) -> None:
    time = np.datetime64("2024-03-08T00:00", "m") + np.cumsum(steps)
    bars = random_walk(len(steps), time=time, interval="1m", timezone=zone)
    high = bars.high.copy()
    high[[item for item in missing if item < len(high)]] = np.nan
    bars = replace(bars, high=high)
    for period in pyramid(bars).periods:
        found = level(bars, period)
        assert (np.diff(found.first) > 0).all()
        assert found.first[0] == 0
        assert found.volume.sum() == pytest.approx(bars.volume.sum())
        for at, (first, stop) in enumerate(zip(found.first, [*found.first[1:], len(bars)], strict=True)):
            part = bars.slice(int(first), int(stop))
            assert found.open[at] == part.open[0]
            assert found.close[at] == part.close[-1]
            assert found.low[at] == part.low.min()
            known = part.high[np.isfinite(part.high)]
            assert found.high[at] == known.max() if len(known) else np.isnan(found.high[at])


@pytest.mark.parametrize("interval", INTERVALS)
def test_only_periods_that_the_bars_divide_are_offered(interval: str) -> None:
    periods = pyramid(make_bars([1.0], interval=interval)).periods
    assert periods[0] == INTERVALS[interval].period
    assert periods[-1] == "year"
    assert ("5 minutes" in periods) == (interval in ("1m", "5m"))
    assert ("week" in periods) == (interval != "1mo")


def test_the_finest_level_that_fits_is_chosen() -> None:
    bars = minutes(10_000, "2024-01-01T00:00", timezone="UTC")
    assert level_for(bars, 0, 300, 500).period == "minute"
    assert level_for(bars, 0, 600, 500).period == "5 minutes"
    assert level_for(bars, 0, len(bars), 500).period == "30 minutes"
    assert level_for(bars, 0, len(bars), 1).period == "week"
    assert level_for(bars, 0, len(bars), 0).period == "year"  # the coarsest, where none fits


def test_levels_are_built_once_and_the_finest_shares_the_bars() -> None:
    bars = minutes(100, "2024-01-01T00:00")
    assert level(bars, "hour") is level(bars, "hour")
    assert level(bars, "minute").open is bars.open
    assert conflation.adjective("week") == "weekly"
