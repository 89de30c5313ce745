"""The part of a series in sight, and the clock of a chart."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import base, window
from dashboard.charts.window import Clock, clock
from tests.support.market import random_walk

HOUR = 3_600_000.0


def test_a_held_window_counts_for_its_own_subject_only() -> None:
    held = {"keep": "key NVDA all", "range": [1.0, 2.0]}
    assert window.held_window(held, "key NVDA all") == (1.0, 2.0)
    assert window.held_window(held, "key AAPL all") is None


def test_a_held_window_is_read_by_the_clock_that_it_was_drawn_with() -> None:
    held = {"keep": "k", "range": [10 * HOUR, 12 * HOUR], "zone": "America/New_York"}
    assert window.held_window(held, "k") == (15 * HOUR, 17 * HOUR)


@pytest.mark.parametrize(
    "range_", [None, [], [1.0], [2.0, 1.0], ["a", "b"], [float("nan"), 1.0], {"0": 1}, [0.0, 1e300], [0, 10**400]]
)
def test_a_forged_window_is_none(range_: object) -> None:
    assert window.held_window({"keep": "k", "range": range_}, "k") is None
    assert window.held_window(range_, "k") is None


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../../etc/passwd", 5, {}])
def test_a_forged_zone_is_utc(zone: object) -> None:
    assert clock(zone) == Clock("UTC")


def test_the_last_days_of_a_longer_series() -> None:
    bars = random_walk(100)
    found = window.last_days(bars, "10")
    assert found is not None
    assert window.within(bars, found).time[0] == bars.time[-11]
    for days_ in ("99", "365", "all", "", "-10", "1e9", "999999999", 10, None, {"a": 1}):
        assert window.last_days(bars, days_) is None  # type: ignore[arg-type]


def test_bounds_are_of_all_bars_without_a_window_or_with_one_beside_them() -> None:
    bars = random_walk(100)
    first, last = base.times(bars.time[[20, 29]])
    assert window.bounds(bars, None) == (0, 100)
    assert window.bounds(bars, (0.0, 1.0)) == (0, 100)
    assert window.bounds(bars, (first, last)) == (20, 30)
    assert window.bounds(bars, (first + 1, last - 1)) == (21, 29)
    assert window.bounds(bars, (first + 1, first + 2)) == (21, 21)


@given(st.datetimes(datetime(1975, 1, 1), datetime(2035, 1, 1)), st.sampled_from(["America/New_York", "Asia/Kolkata"]))
def test_a_clock_is_read_in_both_directions(moment: datetime, zone: str) -> None:
    """Against zoneinfo; in the hour that comes twice a year either of the two moments is right."""
    found = Clock(zone)
    utc = float(int(moment.replace(tzinfo=ZoneInfo("UTC")).timestamp()) * 1000)
    shown = datetime.fromtimestamp(utc / 1000, ZoneInfo(zone)).replace(tzinfo=ZoneInfo("UTC")).timestamp() * 1000
    assert found.shown(np.array([int(utc)]).astype("datetime64[ms]"))[0] == shown
    assert abs(found.moment(shown) - utc) in (0.0, HOUR)
    assert Clock(zone)._local(found.moment(shown)) == shown
