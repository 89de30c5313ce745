"""No training label overlaps the test: by hand, and for any calendars that chance makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.core.errors import DataError
from engine.models.splits.fold import NEVER, embargoed
from engine.models.splits.intervals import latest
from tests.support.market import days

NAT = np.datetime64("NaT", "ms")


def test_ten_days_with_a_horizon_of_two_by_hand() -> None:
    time = days(10)
    end = np.concatenate([time[2:], [NAT, NAT]])
    split = latest(time, end, 0.3)
    assert split.start == time[7]
    assert np.flatnonzero(split.test).tolist() == [7, 8, 9]
    assert np.flatnonzero(split.purged).tolist() == [5, 6]  # their labels end on days 7 and 8
    assert np.flatnonzero(split.train).tolist() == [0, 1, 2, 3, 4]


def test_an_embargo_of_two_bars_by_hand() -> None:
    time = days(10)
    end = embargoed(np.concatenate([time[2:], [NAT, NAT]]), time, 2)
    assert end[0] == time[4]
    assert (end[6:8] == NEVER).all()
    assert np.isnat(end[8:]).all()
    assert np.flatnonzero(latest(time, end, 0.3).train).tolist() == [0, 1, 2]


def test_an_embargo_of_nothing_and_one_beyond_the_data() -> None:
    time = days(4)
    end = np.append(time[1:], NAT)
    assert embargoed(end, time, 0) is end
    assert (embargoed(end, time, 9)[:3] == NEVER).all()


def test_rows_of_one_time_fall_on_one_side() -> None:
    time = np.repeat(days(4), 5)
    split = latest(time, np.repeat(days(5)[1:], 5), 0.3)
    assert split.test.sum() == 10  # six rows were asked for; the day before comes along
    assert split.start == days(4)[2]


def test_an_unknown_label_is_not_learnt_from_and_not_counted_as_purged() -> None:
    time = days(10)
    end = time + np.timedelta64(1, "D")
    end[2] = NAT
    split = latest(time, end, 0.2)
    assert not split.train[2]
    assert not split.purged[2]


@pytest.mark.parametrize("time", [days(0), days(1), np.repeat(days(1), 9)])
def test_one_time_cannot_be_split(time: np.ndarray) -> None:
    with pytest.raises(DataError, match="Too few bars to split"):
        latest(time, time, 0.5)


@some.composite
def pooled(draw: some.DrawFn) -> tuple[np.ndarray, np.ndarray, list[np.ndarray], np.ndarray, int]:
    """Rows of one to four symbols, each with its own days, horizon ends, and some labels unknown."""
    horizon = draw(some.integers(1, 6))
    embargo = draw(some.integers(0, 5))
    times, ends, calendars, symbols = [], [], [], []
    for symbol in range(draw(some.integers(1, 4))):
        chosen = draw(some.lists(some.integers(0, 120), min_size=3, max_size=40, unique=True))
        calendar = days(121)[np.sort(chosen)]
        end = np.concatenate([calendar[horizon:], np.full(min(horizon, len(calendar)), NAT)])
        times.append(calendar)
        ends.append(embargoed(end, calendar, embargo))
        calendars.append(calendar)
        symbols.append(np.full(len(calendar), symbol))
    return np.concatenate(times), np.concatenate(ends), calendars, np.concatenate(symbols), horizon + embargo


@given(pooled(), some.floats(0.1, 0.9))
def test_no_training_label_reaches_the_test(
    rows: tuple[np.ndarray, np.ndarray, list[np.ndarray], np.ndarray, int], fraction: float
) -> None:
    time, end, calendars, symbol, reach = rows
    split = latest(time, end, fraction) if time.min() < np.sort(time)[int(len(time) * (1 - fraction))] else None
    if split is None:
        with pytest.raises(DataError):
            latest(time, end, fraction)
        return
    assert not (split.train & split.test).any()
    assert not (split.purged & (split.train | split.test)).any()
    assert (time[split.test] >= split.start).all()
    assert split.test.sum() >= int(len(time) * fraction)
    for row in np.flatnonzero(split.train):
        calendar = calendars[symbol[row]]
        bar = int(np.searchsorted(calendar, time[row]))
        assert calendar[bar + reach] < split.start  # label and embargo, in the bars of its own symbol
    for row in np.flatnonzero(split.purged):
        calendar = calendars[symbol[row]]
        bar = int(np.searchsorted(calendar, time[row]))
        assert bar + reach >= len(calendar) or calendar[bar + reach] >= split.start
