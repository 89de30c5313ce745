"""Windows by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.backtest.windows import Window, Windows, before, schedule, since, untested_days
from engine.core.errors import DataError, SpecError
from engine.market.bars import Bars
from tests.support.market import days, make_bars


def daily(first: str, last: str, **about: Any) -> Bars:
    count = int((np.datetime64(last) - np.datetime64(first)).astype(int)) + 1
    return make_bars(np.full(count, 10.0), time=days(count, first), **about)


def dates(windows: tuple[Window, ...]) -> list[tuple[str, str, str]]:
    return [(str(item.train)[:10], str(item.test)[:10], str(item.stop)[:10]) for item in windows]


def test_rolling_windows_move_on_by_a_test() -> None:
    found = schedule([daily("2020-01-01", "2021-12-31")], Windows(train=12, test=6))
    assert dates(found) == [
        ("2020-01-01", "2021-01-01", "2021-07-01"),
        ("2020-07-01", "2021-07-01", "2022-01-01"),
    ]


def test_anchored_windows_all_begin_with_the_data() -> None:
    found = schedule([daily("2020-01-01", "2021-12-31")], Windows(train=12, test=4, anchoring="anchored"))
    assert [item[0] for item in dates(found)] == ["2020-01-01"] * 3
    assert [item[1] for item in dates(found)] == ["2021-01-01", "2021-05-01", "2021-09-01"]


def test_tests_follow_one_another_without_gap_or_overlap() -> None:
    bars = daily("2015-03-04", "2022-08-19")
    found = schedule([bars], Windows(train=18, test=5))
    assert all(one.stop == other.test for one, other in pairwise(found))
    tested = np.concatenate([since(before(bars, item.stop), item.test).time for item in found])
    assert len(np.unique(tested)) == len(tested)
    assert (np.diff(tested) == np.timedelta64(1, "D")).all()


@pytest.mark.parametrize(("first", "start"), [("2020-01-08", "2020-01-01"), ("2020-01-09", "2020-02-01")])
def test_a_month_of_which_more_than_a_week_is_missing_is_not_begun_with(first: str, start: str) -> None:
    assert dates(schedule([daily(first, "2023-01-01")], Windows(train=12, test=6)))[0][0] == start


@pytest.mark.parametrize(("last", "count"), [("2021-09-29", 1), ("2021-09-30", 2), ("2021-12-31", 2)])
def test_a_last_test_counts_from_half_its_length(last: str, count: int) -> None:
    assert len(schedule([daily("2020-01-01", last)], Windows(train=12, test=6))) == count


def test_what_is_left_over_is_told() -> None:
    bars = daily("2020-01-01", "2021-08-15")
    found = schedule([bars], Windows(train=12, test=6))
    assert untested_days([bars], found) == (np.datetime64("2021-07-01"), np.datetime64("2021-08-15"))
    assert untested_days([before(bars, found[-1].stop)], found) is None


def test_all_symbols_must_have_the_days() -> None:
    late = daily("2020-07-01", "2023-12-31", symbol="LATE")
    early = daily("2015-01-01", "2022-12-31", symbol="EARLY")
    found = schedule([early, late], Windows(train=12, test=12))
    assert dates(found) == [("2020-07-01", "2021-07-01", "2022-07-01"), ("2021-07-01", "2022-07-01", "2023-07-01")]


def test_a_range_without_room_says_what_to_change() -> None:
    with pytest.raises(DataError, match=r"2020-01-01 to 2020-12-31.*36 months of training.*12 of test.*longer range"):
        schedule([daily("2020-01-01", "2020-12-31")], Windows())


def test_symbols_that_never_meet_leave_no_room() -> None:
    with pytest.raises(DataError, match="too short"):
        schedule([daily("2010-01-01", "2012-12-31"), daily("2015-01-01", "2020-12-31")], Windows(train=12, test=6))


@pytest.mark.parametrize("wrong", [{"train": 0}, {"test": 0}, {"test": 1.5}, {"purge": -1}, {"anchoring": "both"}])
def test_lengths_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        Windows.parse(wrong)
