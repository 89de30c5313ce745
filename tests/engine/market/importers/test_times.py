"""Dates in every usual way of writing; the order of day and month is never guessed."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.market.importers.reader import Choices, Parsed, read
from engine.market.importers.times import Question

pytestmark = pytest.mark.usefixtures("workspace")
FEBRUARY = [date(2020, 2, 1) + timedelta(days=at) for at in range(25)]


def parsed(times: list[str], **choices: Any) -> Parsed:
    text = "date;close\n" + "".join(f"{time};{at + 1}\n" for at, time in enumerate(times))
    return read(io.BytesIO(text.encode()), "A.csv", Choices(**choices))


def days(times: list[str], **choices: Any) -> list[date]:
    (bars,) = parsed(times, **choices).bars
    found: list[date] = bars.days.tolist()
    return found


@pytest.mark.parametrize(
    "pattern",
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%b-%Y",
     "%d-%b-%y", "%d/%m/%y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z",
     "%d.%m.%Y 00:00", "%m/%d/%Y 12:00 AM"],
)  # fmt: skip
def test_every_usual_way_of_writing_is_read(pattern: str) -> None:
    found = parsed([day.strftime(pattern) for day in FEBRUARY])
    assert (found.bars[0].days.tolist(), found.rejected) == (FEBRUARY, 0)


def test_an_order_that_the_file_leaves_open_is_asked_for() -> None:
    times = ["01/02/2020", "02/02/2020", "03/02/2020"]
    with pytest.raises(
        Question, match=r"does not say in which order its dates are: .* 2020-\d\d-\d\d or 2020"
    ) as asked:
        parsed(times)
    assert asked.value.asks == "date_order"
    assert days(times, date_order="day first") == FEBRUARY[:3]
    assert days(times[:2], date_order="month first")[0] == date(2020, 1, 2)


def test_dates_of_both_orders_are_refused_with_an_example_of_each() -> None:
    both = r"has dates of both orders: line 4 \('02/14/2020.*line 3 \('13/02/2020"
    with pytest.raises(DataError, match=both) as caught:
        parsed(["12/02/2020", "13/02/2020", "02/14/2020"])
    assert not isinstance(caught.value, Question)


def test_a_day_that_no_month_has_is_no_date() -> None:
    found = parsed(["28.02.2020", "29.02.2020", "30.02.2020", "31.02.2020"])
    assert found.bars[0].days.tolist() == [date(2020, 2, 28), date(2020, 2, 29)]
    assert [line.line for line in found.lines] == [4, 5]


def test_a_clock_beside_the_date() -> None:
    text = "Date,Time,Close\n13.02.2020,09:30,1\n13.02.2020,09:31,2\n"
    (bars,) = read(io.BytesIO(text.encode()), "A.csv", Choices(timezone="UTC")).bars
    assert [str(time)[:16] for time in bars.time] == ["2020-02-13T09:30", "2020-02-13T09:31"]


def test_days_with_the_time_of_their_close_are_days() -> None:
    assert days([f"{day} 16:00" for day in FEBRUARY]) == FEBRUARY


@settings(max_examples=25, deadline=None)
@given(
    first=st.dates(date(1950, 1, 1), date(2090, 1, 1)),
    count=st.integers(2, 40),
    pattern=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d"]),
)
def test_dates_are_read_right_or_asked_about(first: date, count: int, pattern: str) -> None:
    expected = [first + timedelta(days=at) for at in range(count)]
    times = [day.strftime(pattern) for day in expected]
    try:
        found = days(times)
    except Question:
        assert all(day.day <= 12 for day in expected)
        found = days(times, date_order="day first" if pattern.startswith("%d") else "month first")
    assert found == expected


FLOATS = st.floats(min_value=1e-300, max_value=1e300, allow_nan=False, allow_infinity=False)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.tuples(FLOATS, FLOATS, FLOATS, FLOATS, st.floats(0, 1e15)), min_size=1, max_size=20),
    separator=st.sampled_from([",", "\t", "|"]),
    is_intraday=st.booleans(),
)
def test_what_pandas_writes_comes_back_to_the_bit(
    values: list[tuple[float, ...]], separator: str, is_intraday: bool
) -> None:
    frame = pd.DataFrame(values, columns=["Open", "High", "Low", "Close", "Volume"])
    start = "2020-03-01 09:30" if is_intraday and len(values) > 1 else "2020-03-01"
    step = "5min" if is_intraday else "D"
    frame.index = pd.date_range(start, periods=len(frame), freq=step, name="Date")
    text = frame.to_csv(sep=separator)
    (bars,) = read(io.BytesIO(text.encode()), "A.csv", Choices(timezone="UTC")).bars
    np.testing.assert_array_equal(bars.time, frame.index.to_numpy().astype("datetime64[ms]"))
    for column in frame.columns:
        np.testing.assert_array_equal(getattr(bars, column.lower()), frame[column].to_numpy())
