"""Rows in any order, twice, or impossible: sorted, named, or refused, never lost without a word."""

from __future__ import annotations

import io
from typing import Any

import pytest

from engine.core.errors import DataError
from engine.market.importers.reader import Choices, Parsed, read
from engine.market.importers.times import Question

pytestmark = pytest.mark.usefixtures("workspace")


def parsed(text: str, **choices: Any) -> Parsed:
    return read(io.BytesIO(text.encode(choices.pop("as_", "utf-8"))), "A.csv", Choices(**choices))


def told(found: Parsed) -> list[tuple[int, str]]:
    return [(line.line, line.sentence) for line in found.lines]


def test_rows_out_of_order_are_sorted_and_named() -> None:
    found = parsed("date,close\n2020-01-02,1\n2020-01-06,3\n2020-01-03,2\n2020-01-07,4\n")
    assert found.bars[0].close.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.notes == {
        "A": ("1 row was earlier than the one before and the rows have been sorted, first in line 4 (2020-01-03).",)
    }


def test_newest_first_is_turned_without_a_word() -> None:
    found = parsed("date,close\n2020-01-06,3\n2020-01-03,2\n2020-01-02,1\n")
    assert (found.bars[0].close.tolist(), found.notes) == ([1.0, 2.0, 3.0], {})


def test_a_row_that_repeats_another_is_left_out() -> None:
    found = parsed("date,close\n2020-01-02,1\n2020-01-03,2\n2020-01-03,2\n2020-01-06,3\n")
    assert found.bars[0].close.tolist() == [1.0, 2.0, 3.0]
    assert (told(found), found.rejected) == ([(4, "repeats line 3")], 1)


def test_two_bars_of_one_time_are_refused_with_their_lines() -> None:
    with pytest.raises(
        DataError, match=r"A has two different bars of one time: lines 3 and 4 \(2020-01-03\)\. Keep one"
    ):
        parsed("date,close\n2020-01-02,1\n2020-01-03,2\n2020-01-03,5\n")


def test_one_bad_series_of_several_costs_no_other() -> None:
    found = parsed("date,symbol,close\n2020-01-02,A,1\n2020-01-02,A,2\n2020-01-02,B,3\n")
    assert [bars.series.symbol for bars in found.bars] == ["B"]
    assert "two different bars" in found.failed["A"]


def test_negative_volume_is_no_bar() -> None:
    found = parsed("date,close,volume\n2020-01-02,1,5\n2020-01-03,2,-5\n")
    assert told(found) == [(3, "volume is negative or not a number: 2020-01-03, 2, -5")]


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "A/../B"])
def test_a_symbol_that_is_a_path_is_refused(name: str) -> None:
    found = parsed(f"date,symbol,close\n2020-01-02,{name},1\n2020-01-02,B,3\n")
    assert [bars.series.symbol for bars in found.bars] == ["B"]
    assert "cannot be a symbol" in found.failed[name]


def test_text_of_another_encoding_is_asked_about() -> None:
    text = "date,close,név\n2020-01-02,1,é\n"
    with pytest.raises(Question, match=r"is not UTF-8 text in line \d+: choose its encoding") as asked:
        parsed(text, as_="cp1252")
    assert asked.value.asks == "encoding"
    assert parsed(text, as_="cp1252", encoding="cp1252").bars[0].close.tolist() == [1.0]
    with pytest.raises(Question, match="is not gb18030 text"):
        parsed("date,close\n2020-01-02,é\n", as_="cp1252", encoding="gb18030")


def test_bytes_of_another_encoding_far_inside_are_refused() -> None:
    text = "date,close\n" + "2020-01-02,1\n" * 6_000 + "2020-01-03,é\n"
    with pytest.raises(DataError, match="some of it is not text in the encoding of its beginning"):
        parsed(text, as_="cp1252")


def test_blanks_as_separators_are_named() -> None:
    with pytest.raises(DataError, match=r"A\.csv has no column of closes: its headings are date open close"):
        parsed("date open close\n2020-01-02 1 2\n")


MINUTES = "time,close\n{0} 00:59,1\n{0} 01:00,2\n{0} 01:01,3\n{0} 02:30,4\n{0} 02:31,5\n{0} 02:32,6\n{0} 03:00,7\n"


def test_an_hour_that_the_clock_leaves_out_is_named() -> None:
    found = parsed(MINUTES.format("2020-03-08"), timezone="America/New_York")
    assert [line.line for line in found.lines] == [5, 6, 7]
    assert "the clock of America/New_York does not show this time" in found.lines[0].sentence
    assert len(found.bars[0]) == 4


def test_an_hour_that_the_clock_shows_twice_is_placed_by_its_rows_or_named() -> None:
    once = parsed(MINUTES.format("2020-11-01"), timezone="America/New_York")
    assert [line.line for line in once.lines] == [3, 4]
    twice = "time,close\n" + "".join(
        f"2020-11-01 {hour:02d}:{minute:02d},1\n" for hour in (0, 1, 1, 2) for minute in range(60)
    )
    bars = parsed(twice, timezone="America/New_York").bars[0]
    assert (len(bars), str(bars.time[-1])[:16]) == (240, "2020-11-01T07:59")


def test_an_adjustment_that_was_chosen_is_kept() -> None:
    found = parsed("date,close\n2020-01-02,1\n", adjustment="splits").bars[0].series
    assert (found.adjustment, found.split_adjusted) == ("split-adjusted prices", True)
    raw = parsed("date,close\n2020-01-02,1\n", adjustment="raw").bars[0].series
    assert (raw.adjustment, raw.split_adjusted) == ("raw prices", False)


def test_many_rejected_lines_are_counted_and_the_first_named() -> None:
    found = parsed("date,close\n2020-01-02,1\n" + "bad,1\n" * 1_000 + "x\n" * 500)
    assert (found.rejected, len(found.lines), found.lines[0].line) == (1_500, 100, 3)
