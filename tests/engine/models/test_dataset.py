"""Rows and windows: by hand, without a copy, and for any gaps that chance makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.models.dataset import BREAK, Dataset, from_arrays


def numbered(count: int, features: int = 2) -> Dataset:
    """Row n has the values n and n + 1/2."""
    return from_arrays(np.arange(count)[:, None] + np.arange(features) / features, np.zeros(count))


def test_windows_of_three_bars_by_hand() -> None:
    windows = numbered(5).windows(3)
    assert len(windows) == 3
    assert windows.row.tolist() == [2, 3, 4]
    np.testing.assert_array_equal(windows.batch(slice(0, 1)), [[[0, 0.5], [1, 1.5], [2, 2.5]]])
    np.testing.assert_array_equal(windows.batch(np.array([2, 0]))[:, -1, 0], [4, 2])


def test_a_window_of_one_bar_is_the_row() -> None:
    data = numbered(4)
    np.testing.assert_array_equal(data.windows(1).batch(slice(None))[:, 0], data.values)


def test_nothing_is_copied() -> None:
    data = numbered(1000)
    earlier = data.where(np.arange(1000) < 700)
    assert earlier.matrix is data.matrix
    assert np.shares_memory(earlier.values, data.matrix)
    view = earlier.windows(60).view
    assert np.shares_memory(view, data.matrix)
    assert view.shape == (941, 60, 2)
    assert not view.flags.owndata


def test_values_of_scattered_rows_are_theirs() -> None:
    data = numbered(10)
    odd = data.where(np.arange(10) % 2 == 1)
    np.testing.assert_array_equal(odd.values, data.matrix[1::2])
    assert not len(data.where(np.zeros(10, dtype=bool)).values)
    assert not len(odd.windows(2))


@pytest.mark.parametrize("lookback", [11, 500])
def test_a_set_that_is_shorter_than_a_window_has_none(lookback: int) -> None:
    windows = numbered(10).windows(lookback)
    assert len(windows) == len(windows.row) == 0
    assert windows.batch(slice(None)).shape == (0, lookback, 2)


def test_a_long_time_without_bars_ends_a_window_and_a_holiday_does_not() -> None:
    data = numbered(6)
    for pause, expected in ((BREAK, [2, 3, 4, 5]), (BREAK + np.timedelta64(1, "D"), [2, 5])):
        time = data.time.copy()
        time[3:] += pause - np.timedelta64(1, "D")
        assert replace(data, time=time).windows(3).row.tolist() == expected


def test_a_window_of_the_test_holds_no_training_row() -> None:
    data = numbered(10)
    test = data.where(np.arange(10) >= 6)
    windows = test.windows(3)
    assert windows.row.tolist() == [2, 3]
    assert windows.batch(slice(None)).min() == 6


def test_rows_with_an_unknown_label_are_not_labelled() -> None:
    data = replace(numbered(4), label=np.array([0.0, np.nan, 1.0, np.nan]))
    assert data.labelled().place.tolist() == [0, 2]


@given(some.data())
def test_against_a_plain_loop(data: some.DataObject) -> None:
    """Any rows of any symbols with any gaps: the windows are those that a loop finds."""
    count, lookback = data.draw(some.integers(1, 40)), data.draw(some.integers(1, 8))
    symbol = np.sort(data.draw(some.lists(some.integers(0, 3), min_size=count, max_size=count))).astype(np.int32)
    steps = data.draw(some.lists(some.sampled_from([1, 3, 30]), min_size=count, max_size=count))
    kept = np.array(data.draw(some.lists(some.booleans(), min_size=count, max_size=count)))
    whole = numbered(count)
    time = np.datetime64("2000-01-01", "ms") + np.cumsum(steps) * np.timedelta64(1, "D")
    part = replace(whole, symbol=symbol, time=time).where(kept)
    expected = {}
    for row, place in enumerate(np.flatnonzero(kept)):
        span = range(place - lookback + 1, place + 1)
        if span[0] < 0 or not all(kept[i] and symbol[i] == symbol[place] for i in span):
            continue
        if all(time[i] - time[i - 1] <= BREAK for i in span[1:]):
            expected[row] = whole.matrix[span[0] : place + 1]
    windows = part.windows(lookback)
    assert windows.row.tolist() == list(expected)
    for number, values in enumerate(expected.values()):
        np.testing.assert_array_equal(windows.batch(slice(number, number + 1))[0], values)
