"""Long and wide tables in CSV, Parquet and frames, and what is wrong with their lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.market.external.cells import cells_of_csv, cells_of_file, cells_of_frame
from engine.market.external.known import known_when
from engine.market.external.reading import Parsed, parse
from engine.market.external.request import Request
from engine.market.external.table import Kind

TIMES = ["2024-01-02", "2024-01-03", "2024-01-04"]


def read(text: str, kind: Kind = "predictions", known: str = "bar end", **more: Any) -> Parsed:
    return parse(cells_of_csv(text.encode(), "f.csv"), Request("mine", kind, known_when(known), **more))


def rows(parsed: Parsed) -> list[tuple[str, str, float]]:
    values = parsed.values
    names = [values.about.symbols[place] for place in values.symbol]
    times = [str(moment).removesuffix("T00:00:00.000") for moment in values.time]
    return list(zip(names, times, values.value.tolist(), strict=True))


LONG = "time,symbol,value\n2024-01-02,META,1\n2024-01-02,AAPL,2.5\n2024-01-03,META,-3\n"
EXPECTED = [("AAPL", "2024-01-02", 2.5), ("META", "2024-01-02", 1.0), ("META", "2024-01-03", -3.0)]


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "Date;Ticker;Score\n2024-01-02;META;1\n2024-01-02;AAPL;2,5\n2024-01-03;META;-3\n",
        "timestamp\tasset\tanything\n20240102\tMETA\t1\n20240102\tAAPL\t2.5\n20240103\tMETA\t-3\n",
        "time,symbol,value\n1704153600,META,1\n1704153600,AAPL,2.5\n1704240000,META,-3\n",
        "date,META,AAPL\n2024-01-02,1,2.5\n2024-01-03,-3,\n",
        ",META,AAPL\n2024-01-03,-3,null\n2024-01-02,1,2.5\n",
        "\ufeff" + LONG.replace("\n", "\r\n"),
    ],
)
def test_one_table_however_it_is_written(text: str) -> None:
    parsed = read(text)
    assert rows(parsed) == EXPECTED
    assert parsed.rejected == 0
    assert parsed.values.about.interval == "1d"


def test_frames_and_parquet_say_the_same(tmp_path: Path) -> None:
    wide = pd.DataFrame({"META": [1.0, -3.0], "AAPL": [2.5, np.nan]}, index=pd.to_datetime(TIMES[:2]))
    long = wide.rename_axis("time").melt(ignore_index=False, var_name="symbol", value_name="value").reset_index()
    long["symbol"] = long["symbol"].astype("category")
    request = Request("mine", "predictions", known_when("bar end"))
    for place, frame in enumerate((wide, long, long.set_index(["time", "symbol"]))):
        assert rows(parse(cells_of_frame(frame), request)) == EXPECTED
        frame.to_parquet(tmp_path / f"{place}.parquet")
        assert rows(parse(cells_of_file(tmp_path / f"{place}.parquet"), request)) == EXPECTED


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_a_frame_keeps_every_bit_of_its_numbers(values: list[float]) -> None:
    time = np.datetime64("2020-01-01") + np.arange(len(values))
    found = parse(
        cells_of_frame(pd.DataFrame({"time": time, "symbol": "A", "value": values})),
        Request("mine", "predictions", known_when("bar end")),
    )
    assert found.values.value.tolist() == values


def test_a_table_of_one_symbol_needs_its_name() -> None:
    assert rows(read("time,signal\n2024-01-02,1\n", symbol="META")) == [("META", "2024-01-02", 1.0)]
    with pytest.raises(DataError, match="does not say of which symbol"):
        read("time,signal\n2024-01-02,1\n")


def test_every_line_that_is_wrong_is_named() -> None:
    text = (
        "time,symbol,value\n2024-01-02,META,1\nyesterday,META,2\n2024-01-03,ME TA,3\n2024-01-04,META,much\n"
        "2024-01-05,META,4,5\n\n2024-01-02,META,6\n2024-01-08,META,\n2024-01-09,META,7\n"
    )
    parsed = read(text)
    assert rows(parsed) == [("META", "2024-01-02", 1.0), ("META", "2024-01-09", 7.0)]
    assert {item.line: item.sentence for item in parsed.lines} == {
        3: "the time 'yesterday' cannot be read, write 2020-01-31 or 2020-01-31 09:30",
        4: "'ME TA' cannot be a symbol",
        5: "'much' is not a number",
        6: "4 cells instead of 3",
        8: "META has a value for this time already, in line 2",
    }
    assert parsed.rejected == 5


def test_values_that_their_kind_does_not_allow_are_rejected() -> None:
    text = "time,A,B\n2024-01-02,1,0\n2024-01-03,-1,0.5\n"
    assert [(item.line, item.sentence) for item in read(text, "signals").lines] == [
        (3, "0.5 is no signal, which is 1, -1 or 0"),
    ]
    assert [item.sentence for item in read("time,A\n2024-01-02,25\n2024-01-03,0.25\n", "weights").lines] == [
        "25 is no weight, which is a share of the equity: 0.25 for 25%"
    ]
    true = pd.DataFrame({"A": [True, False, True]}, index=pd.to_datetime(TIMES))
    assert parse(cells_of_frame(true), Request("x", "signals", known_when("stamp"))).values.value.tolist() == [1, 0, 1]


def test_the_order_of_day_and_month_is_chosen_where_dates_do_not_tell() -> None:
    text = "time,A\n01/02/2024,1\n"
    found = {order: rows(read(text, date_order=order))[0][1] for order in ("day first", "month first")}
    assert found == {"day first": "2024-02-01", "month first": "2024-01-02"}
    assert rows(read("time,A\n31.12.2024,1\n"))[0][1] == "2024-12-31"


def test_times_of_day_need_their_zone_and_become_utc() -> None:
    text = "time,A\n2024-07-01 09:30,1\n2024-07-01 10:30,2\n2024-07-01 11:30,3\n"
    parsed = read(text, timezone="America/New_York")
    assert next(time for _, time, _ in rows(parsed)) == "2024-07-01T13:30:00.000"
    assert parsed.values.about.interval == "1h"
    with pytest.raises(DataError, match="times of day without their time zone"):
        read(text)
    with pytest.raises(DataError, match="Unknown time zone 'Mars'"):
        read(text, timezone="Mars")


def test_an_hour_that_the_clock_shows_twice_is_rejected() -> None:
    text = "time,A\n2024-11-03 00:30,1\n2024-11-03 01:30,2\n2024-11-03 02:30,3\n2024-03-10 02:30,4\n"
    parsed = read(text, interval="1h", timezone="America/New_York")
    assert [item.line for item in parsed.lines] == [3, 5]
    assert "twice or never" in parsed.lines[0].sentence


@pytest.mark.parametrize(
    ("text", "more", "sentence"),
    [
        ("", {}, "is empty"),
        ("a,b\n1,2\n", {}, "no column of times"),
        ("time\n2024-01-02\n", {}, "times and no values"),
        ("time,symbol\n2024-01-02,A\n", {}, "must have one column of values.*none"),
        ("time,symbol,x,y\n2024-01-02,A,1,2\n", {}, "must have one column of values.*x, y"),
        ("time,A B\n2024-01-02,1\n", {}, "a column that cannot be a symbol: 'A B'"),
        ("time,A,A\n2024-01-02,1,2\n", {}, "twice has a column for 'A'"),
        ("time,A\nsoon,1\n", {}, "no value in it: line 2: the time 'soon' cannot be read"),
        ("time,A\n01.02.2024,1\n", {}, "does not say in which order its dates are"),
        ("time,A\n2024-01-02,\n", {}, "all its cells are empty"),
        ("time,A\n2024-01-02,1\n", {"interval": "1h"}, "dates alone"),
        ("time,A\n2024-01-02 16:00Z,1\n", {"interval": "1d"}, "times of day, and bars of 1d have dates"),
        ("time,A\n2024-01-02 16:00Z,1\n2024-01-03 16:00Z,1\n", {}, "not one bar apart"),
        ("time,A\n2024-01-02,1\n", {"interval": "3h"}, "'3h' is not an interval"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, more: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(text, **more)


def test_files_of_another_sort_and_binary_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"x")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "b.parquet").write_bytes(b"time,A\n2024-01-02,1\n")
    (tmp_path / "a.csv").write_bytes(b"time,A\n\xff\xfe")
    (tmp_path / "b.csv").write_bytes(b"time,\x00A\n")
    for name, sentence in (
        ("a.xlsx", "neither CSV nor Parquet"),
        ("a.parquet", "a.parquet is damaged, or a part of it is missing: copy or save it again."),
        ("b.parquet", "b.parquet is no Parquet file"),
        ("a.csv", "not UTF-8"),
        ("b.csv", "is not text"),
        ("c.csv", "cannot be read: No such file"),
    ):
        with pytest.raises(DataError, match=sentence):
            cells_of_file(tmp_path / name)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_sentence(data: bytes) -> None:
    for content in (data, b"time,symbol,value\n" + data, b"date,A\n2024-01-02," + data):
        try:
            parsed = parse(cells_of_csv(content, "f.csv"), Request("x", "predictions", known_when("stamp"), "1d"))
        except DataError:
            continue
        assert np.isfinite(parsed.values.value).all()
