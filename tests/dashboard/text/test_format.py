"""Numbers as they are printed."""

from __future__ import annotations

import math
from datetime import date

import pytest

from dashboard.text import format as formats


@pytest.mark.parametrize(
    ("value", "decimals", "unit", "signed", "text"),
    [
        (1234.5, 2, "USD", False, "1,234.50 USD"),
        (-1234567, 0, "", False, "−1,234,567"),
        (0.61, 2, "", True, "+0.61"),
        (-0.001, 2, "", True, "0.00"),
        (0.0, 1, "", True, "0.0"),
        (None, 2, "USD", False, "–"),
        (math.nan, 2, "", False, "–"),
        (math.inf, 0, "", False, "–"),
    ],
)
def test_number(value: float | None, decimals: int, unit: str, signed: bool, text: str) -> None:
    assert formats.number(value, decimals, unit, signed=signed) == text


def test_percentages_are_given_as_fractions() -> None:
    assert formats.percent(0.2554) == "25.54%"
    assert formats.signed_percent(0.2554) == "+25.54%"
    assert formats.signed_percent(-0.28434) == "−28.43%"
    assert formats.signed_percent(-0.00001) == "0.00%"
    assert formats.percent(None) == "–"
    assert formats.basis_points(0.0005) == "5.0 bp"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0000021, "2 µs"),
        (0.0124, "12 ms"),
        (0.4, "0.40 s"),
        (3.21, "3.2 s"),
        (59.97, "1 min"),
        (75, "1 min 15 s"),
        (7500, "2 h 5 min"),
        (3600, "1 h"),
        (273_600, "3 d 4 h"),
        (math.nan, "–"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


def test_sizes_days_and_counts() -> None:
    assert formats.estimated(42) == "40 MB"
    assert formats.estimated(1500) == "1.4 GB"
    assert formats.day_range(date(2013, 1, 2), "2023-09-21T00:00:00") == "2013-01-02 to 2023-09-21"
    assert formats.count(1, "job") == "1 job"
    assert formats.count(2699, "bar") == "2,699 bars"
    assert formats.count(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Matrix product 10000 × 10000 float32", "Matrix product 10,000 × 10,000 float32"),
        ("Group-by of 1000000 rows", "Group-by of 1,000,000 rows"),
        ("1.23456 s, v12345 and 999", "1.23456 s, v12345 and 999"),
    ],
)
def test_whole_numbers_in_a_text_are_grouped(text: str, shown: str) -> None:
    assert formats.grouped(text) == shown
