"""The logic of rules: three values, comparisons, crossings and memory, against plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.strategies.rules import Comparison, Truth, combine, compare, nesting, over_last, shifted

NAN = math.nan
UNKNOWN = None
values = some.lists(some.sampled_from([True, False, UNKNOWN]), max_size=30)
prices = some.lists(some.sampled_from([NAN, 1.0, 2.0, 3.0]), max_size=30)


def truth(flags: list[bool | None]) -> Truth:
    yes, no = ([flag is asked for flag in flags] for asked in (True, False))
    return Truth(np.array(yes, dtype=bool), np.array(no, dtype=bool))


def read(found: Truth) -> list[bool | None]:
    assert not (found.yes & found.no).any()
    return [True if yes else False if no else UNKNOWN for yes, no in zip(found.yes, found.no, strict=True)]


def both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return UNKNOWN if one is UNKNOWN or other is UNKNOWN else True


def opposite(flag: bool | None) -> bool | None:
    return UNKNOWN if flag is UNKNOWN else not flag


def either(one: bool | None, other: bool | None) -> bool | None:
    return opposite(both(opposite(one), opposite(other)))


def test_tables_of_three_values() -> None:
    firsts = [True] * 3 + [False] * 3 + [UNKNOWN] * 3
    seconds = [True, False, UNKNOWN] * 3
    one, other = truth(firsts), truth(seconds)
    assert read(one & other) == [True, False, UNKNOWN, False, False, False, UNKNOWN, False, UNKNOWN]
    assert read(one | other) == [True, True, True, True, False, UNKNOWN, True, UNKNOWN, UNKNOWN]
    assert read(~other)[:3] == [False, True, UNKNOWN]


@given(values, values, values)
def test_combinations_agree_with_plain_python(
    one: list[bool | None], two: list[bool | None], three: list[bool | None]
) -> None:
    count = min(len(one), len(two), len(three))
    rows = list(zip(one[:count], two[:count], three[:count], strict=True))
    parts = [truth([row[place] for row in rows]) for place in range(3)]
    assert read(combine(parts, "all")) == [both(both(a, b), c) for a, b, c in rows]
    assert read(combine(parts, "any")) == [either(either(a, b), c) for a, b, c in rows]
    assert read(~(parts[0] & parts[1])) == read(~parts[0] | ~parts[1])


def by_hand(left: list[float], comparison: str, right: list[float], at: int) -> bool | None:
    def known(place: int) -> bool:
        return place >= 0 and not math.isnan(left[place]) and not math.isnan(right[place])

    if not known(at):
        return UNKNOWN
    if comparison == "above":
        return left[at] > right[at]
    if comparison == "below":
        return left[at] < right[at]
    if not known(at - 1):
        return UNKNOWN
    if comparison == "crosses_above":
        return left[at] > right[at] and left[at - 1] <= right[at - 1]
    return left[at] < right[at] and left[at - 1] >= right[at - 1]


@pytest.mark.parametrize("comparison", ["above", "below", "crosses_above", "crosses_below"])
@given(prices, prices)
def test_comparisons_agree_with_plain_python(comparison: Comparison, left: list[float], right: list[float]) -> None:
    count = min(len(left), len(right))
    left, right = left[:count], right[:count]
    found = compare(np.array(left, dtype=np.float64), comparison, np.array(right, dtype=np.float64))
    assert read(found) == [by_hand(left, comparison, right, at) for at in range(count)]


@given(values, some.integers(2, 6))
def test_memory_agrees_with_plain_python(flags: list[bool | None], bars: int) -> None:
    """Before there are so many bars nothing has held on all of them; one that did not is enough to know."""
    expected: list[bool | None] = []
    for at in range(len(flags)):
        part = flags[max(at - bars + 1, 0) : at + 1]
        full = len(part) == bars and all(flag is True for flag in part)
        expected.append(False if False in part else True if full else UNKNOWN)
    assert read(over_last(truth(flags), bars, "all")) == expected
    inverse = over_last(truth([opposite(flag) for flag in flags]), bars, "any")
    assert read(inverse) == [opposite(flag) for flag in expected]


@pytest.mark.parametrize("lag", [0, 1, 3, 4, 9])
def test_a_line_some_bars_ago(lag: int) -> None:
    line = np.arange(4.0)
    expected = [NAN if at < lag else float(at - lag) for at in range(4)]
    np.testing.assert_array_equal(shifted(line, lag), expected)
    assert len(shifted(line[:0], lag)) == 0


def test_equal_but_for_rounding_is_neither_above_nor_below() -> None:
    one, other = np.array([0.1 + 0.2]), np.array([0.3])
    assert read(compare(one, "above", other)) == [False]
    assert read(compare(one, "below", other)) == [False]


def test_nesting_counts_without_recursion() -> None:
    values: object = 1
    for _ in range(100_000):
        values = [values]
    assert nesting(values) == 100_000
    assert nesting({"a": [1, {"b": 2}], "c": 3}) == 3
    assert nesting("text") == 0
