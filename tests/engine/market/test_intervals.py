"""Intervals: one table, and when the bars of each begin and end."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.core.errors import DataError
from engine.market.intervals import INTERVALS, Interval, bar_interval, finest_first

PANDAS = {"m": "min", "h": "h", "d": "D"}


def test_table_has_every_interval_from_the_shortest_bars_to_the_longest() -> None:
    assert tuple(INTERVALS) == get_args(Interval)
    lengths = [item.duration for item in INTERVALS.values()]
    assert lengths == sorted(lengths)
    per_year = [item.typical_per_year for item in INTERVALS.values()]
    assert per_year == sorted(per_year, reverse=True)
    assert sorted(["1mo", "1d", "x", "1m"], key=finest_first) == ["1m", "1d", "1mo", "x"]


@pytest.mark.parametrize("name", [name for name in INTERVALS if name not in ("1w", "1mo")])
def test_durations_are_what_pandas_reads_in_the_names(name: str) -> None:
    assert pd.Timedelta(name[:-1] + PANDAS[name[-1]]) == INTERVALS[name].duration


def test_unknown_interval_is_refused_with_those_there_are() -> None:
    with pytest.raises(DataError, match=r"'1mon' is not an interval of bars\. Did you mean '1mo'"):
        bar_interval("1mon")


@pytest.mark.parametrize(
    ("finer", "coarser", "serves"),
    [
        ("1m", "5m", True), ("2m", "5m", False), ("2m", "30m", True), ("15m", "1h", True), ("1h", "15m", False),
        ("4h", "1d", True), ("1d", "1d", True), ("1d", "1w", True), ("1d", "1mo", True), ("1w", "1mo", False),
        ("1w", "1d", False), ("1d", "4h", False), ("1mo", "1mo", True),
    ],
)  # fmt: skip
def test_which_serves_which(finer: str, coarser: str, serves: bool) -> None:
    assert INTERVALS[finer].serves(INTERVALS[coarser]) is serves


@given(some.dates(date(1950, 1, 1), date(2090, 1, 1)))
def test_last_date_of_a_week_is_its_sunday_and_of_a_month_the_day_before_the_next(day: date) -> None:
    dates = np.array([day], dtype="datetime64[D]")
    (sunday,) = INTERVALS["1w"].last_dates(dates).tolist()
    assert sunday.weekday() == 6
    assert timedelta(0) <= sunday - day < timedelta(7)
    (last,) = INTERVALS["1mo"].last_dates(dates).tolist()
    assert pd.Timestamp(last) == pd.Timestamp(day) + pd.offsets.MonthEnd(0)
    assert INTERVALS["1d"].last_dates(dates).tolist() == [day]


@pytest.mark.parametrize(
    ("name", "start", "ended"),
    [
        ("1m", "2024-03-10T06:59", "2024-03-10T07:00"),
        ("4h", "2024-03-10T06:00", "2024-03-10T10:00"),
        ("1d", "2024-03-10", "2024-03-11T04:00"),
        ("1w", "2024-03-04", "2024-03-11T04:00"),
        ("1w", "2024-03-05", "2024-03-11T04:00"),  # stamped with the first session after a holiday
        ("1w", "2024-03-08", "2024-03-11T04:00"),  # or with the last
        ("1mo", "2024-02-01", "2024-03-01T05:00"),
        ("1mo", "2023-12-29", "2024-01-01T05:00"),
    ],
)
def test_when_a_bar_of_new_york_has_ended(name: str, start: str, ended: str) -> None:
    times = np.array([start], dtype="datetime64[ms]")
    assert INTERVALS[name].ends(times, "America/New_York")[0] == np.datetime64(ended)


def test_page_on_data_says_which_intervals_there_are_and_what_they_serve() -> None:
    whole = (Path(__file__).parents[3] / "docs" / "data.md").read_text(encoding="utf-8")
    page = whole.partition("## Intervals\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    assert [row[0].strip("`") for row in rows] == list(INTERVALS)
    for name, _, time, serves in rows:
        own = INTERVALS[name.strip("`")]
        served = [other for other in INTERVALS.values() if other != own and own.serves(other)]
        assert own.is_intraday is ("UTC" in time)
        named = re.findall(r"`(\w+)`", serves)
        longer = list(INTERVALS).index(named[0]) if named else list(INTERVALS).index(own.name) + 1
        expected = list(INTERVALS.values())[longer:] if "longer" in serves else [INTERVALS[item] for item in named]
        assert served == expected, name
