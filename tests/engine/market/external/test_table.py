"""From which bar on an external value can be used, against moments worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.market.availability import known_at
from engine.market.external.foresight import LIKELY, foresight
from engine.market.external.known import Known, known_when
from engine.market.external.table import ExternalValues
from engine.market.panel import align
from tests.support.external import table
from tests.support.market import cut, days, make_bars, random_walk

WEEK = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08")  # Tuesday to Friday, and Monday


def used(values: ExternalValues, **about: Any) -> list[float | None]:
    """What each daily bar of ``WEEK`` is the first to know."""
    found = values.usable(make_bars(np.arange(1.0, 6.0), time=np.array(WEEK, dtype="datetime64[ms]"), **about))
    return [None if np.isnan(value) else float(value) for value in found]


def test_a_value_of_a_bar_is_usable_at_its_close() -> None:
    assert used(table(WEEK, [1, 2, 3, 4, 5])) == [1, 2, 3, 4, 5]
    assert used(table(["2024-01-03"], [7])) == [None, 7, None, None, None]


def test_a_value_known_at_the_start_of_its_date_is_usable_once_that_has_begun() -> None:
    """Midnight on Wednesday ends Tuesday's bar; midnight on Monday is behind the end of Friday's."""
    assert used(table(["2024-01-03", "2024-01-08"], [1, 2], known="stamp")) == [1, None, None, None, 2]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("2 bars", [None, None, 1, None, None]),
        ("1 hour", [None, 1, None, None, None]),
        ("24 hours", [None, 1, None, None, None]),
        ("25 hours", [None, None, 1, None, None]),
        ("25 hours after stamp", [None, 1, None, None, None]),
        ("1 bar after stamp", [None, None, None, None, None]),
    ],
)
def test_a_delay_moves_it_to_a_later_bar(known: str, expected: list[float | None]) -> None:
    assert used(table(["2024-01-02"], [1], known=known)) == expected


def test_a_moment_within_a_session_is_usable_at_its_end() -> None:
    """10:00 in New York on the 4th, wherever the clock was read."""
    local = table(["2024-01-04 10:00"], [1], known="stamp", timezone="America/New_York")
    other = table(["2024-01-04T15:00:00Z"], [1], known="stamp")
    assert used(local) == used(other) == [None, None, 1, None, None]


def test_daily_values_on_hourly_bars_are_known_the_next_day() -> None:
    """A New York date ends at 05:00 UTC in winter: the hour from 04:00 is the first that knows its value."""
    hours = np.arange("2024-01-02T14", "2024-01-05T21", dtype="datetime64[h]").astype("datetime64[ms]")
    bars = make_bars(np.arange(len(hours)) + 1.0, time=hours, interval="1h")
    found = table(["2024-01-02", "2024-01-03"], [1, 2]).usable(bars)
    at = np.flatnonzero(np.isfinite(found))
    assert [str(hours[place])[:13] for place in at] == ["2024-01-03T04", "2024-01-04T04"]
    assert found[at].tolist() == [1, 2]


def test_dates_are_those_of_the_exchange_unless_a_zone_is_given() -> None:
    """A date in London has ended before it has in New York, one in UTC before the bar there too; one in Honolulu after
    it.
    """
    assert used(table(["2024-01-03"], [1])) == [None, 1, None, None, None]
    assert used(table(["2024-01-03"], [1], timezone="UTC")) == [None, 1, None, None, None]
    assert used(table(["2024-01-03"], [1], timezone="Pacific/Honolulu")) == [None, None, 1, None, None]
    assert used(table(["2024-01-03"], [1]), timezone="Asia/Tokyo") == [None, 1, None, None, None]


def test_a_value_on_a_day_without_a_bar_waits_for_the_next() -> None:
    assert used(table(["2024-01-06"], [1])) == [None, None, None, None, 1]
    assert used(table(["2024-01-06", "2024-01-07"], [1, 2])) == [None, None, None, None, 2]


def test_values_from_before_the_first_bar_are_not_used() -> None:
    assert used(table(["2023-12-01", "2024-01-03"], [1, 2])) == [None, 2, None, None, None]
    assert used(table(["2023-12-01"], [1])) == [None] * 5
    with pytest.raises(DataError, match="end on 2023-12-02, before its bars begin on 2024-01-02"):
        table(["2023-12-01"], [1]).require_reaching(make_bars(np.ones(5), time=WEEK))


def test_a_missing_symbol_is_named_with_those_that_there_are() -> None:
    with pytest.raises(DataError, match=r"have none for META: leave it out.*Available: TEST"):
        used(table(WEEK, [1] * 5), symbol="META")


def test_the_latest_value_holds_until_the_next_or_until_it_is_too_old() -> None:
    bars = make_bars(np.ones(12), time=days(12, "2024-01-01"))
    values = table(["2024-01-02", "2024-01-04"], [1, 2])
    assert np.nan_to_num(values.latest(bars, 3)).tolist() == [0, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0, 0]
    holed = make_bars([1, np.nan, 1], time=days(3, "2024-01-02"))
    assert np.nan_to_num(values.latest(holed, 3)).tolist() == [1, 0, 2]


def test_a_panel_uses_each_symbols_own_clock() -> None:
    """Both dates are usable in their own row, although Tokyo's ends half a day before New York's."""
    one = make_bars(np.ones(5), time=WEEK, symbol="A")
    other = make_bars(np.ones(5), time=WEEK, symbol="B", timezone="Asia/Tokyo")
    both = align([one, other])
    values = table([*WEEK[:3], *WEEK[:3]], [1, 2, 3, 4, 5, 6], symbol=["A"] * 3 + ["B"] * 3)
    found = values.usable_in(both)
    assert found[:3].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert np.isnan(found[3:]).all()


@given(
    known=st.sampled_from(["bar end", "stamp", "1 bars", "3 hours", "30 hours after stamp"]),
    places=st.lists(st.integers(0, 59), min_size=1, max_size=20, unique=True),
    count=st.integers(1, 60),
)
def test_no_bar_uses_what_was_not_known_at_its_close(known: str, places: list[int], count: int) -> None:
    """And a shorter history says the same of the bars that it has."""
    bars = random_walk(60)
    time = [str(bars.time[place])[:10] for place in sorted(places)]
    values = table(time, [float(place) for place in sorted(places)], known=known)
    moments = dict(zip(sorted(places), values.about.known.moments(values.time, "1d", "America/New_York"), strict=True))
    ends = known_at(bars)
    for found in (values.usable(bars), values.latest(bars, 30)):
        for at in np.flatnonzero(np.isfinite(found)):
            assert moments[int(found[at])] <= ends[at]
    with_panel = values.usable_in(align([bars]))[:, 0]
    np.testing.assert_array_equal(with_panel, values.usable(bars))
    np.testing.assert_array_equal(values.usable(cut(bars, count)), values.usable(bars)[:count])
    np.testing.assert_array_equal(values.latest(cut(bars, count), 5), values.latest(bars, 5)[:count])


@pytest.mark.parametrize("text", ["bar end", "stamp", "2 bars after bar end", "1.5 hours after stamp"])
def test_a_rule_reads_back_what_it_writes(text: str) -> None:
    assert known_when(text).label() == text


def test_a_rule_is_said_in_words() -> None:
    assert known_when("bar end").sentence() == "at the end of its bar"
    assert known_when("1 bar").sentence() == "1 bar after the end of its bar"
    assert known_when("1.5 hours after stamp").sentence() == "1.5 hours after its time"


@pytest.mark.parametrize("text", ["", "later", "-1 bars", "1.5 bars", "2000 bars", "99999 hours", "bar"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="known"):
        known_when(text)


def test_the_fingerprint_covers_what_decides_about_the_use_of_values() -> None:
    digests = {
        item.digest()
        for item in (
            table(WEEK, [1, 2, 3, 4, 5]),
            table(WEEK, [1, 2, 3, 4, 6]),
            table(WEEK[:4], [1, 2, 3, 4]),
            table(WEEK, [1, 2, 3, 4, 5], symbol="META"),
            table(WEEK, [1, 2, 3, 4, 5], known="1 bars"),
            table(WEEK, [1, 2, 3, 4, 5], timezone="UTC"),
            table(WEEK, [1, 2, 3, 4, 5], interval="1w"),
            table(WEEK, [1, 2, 3, 4, 5], kind="weights"),
        )
    }
    assert len(digests) == 8
    assert table(WEEK, [1, 2, 3, 4, 5], name="other").digest() in digests


def test_values_from_the_next_bar_are_seen_and_others_are_not() -> None:
    bars = random_walk(400)
    returns = np.append(np.diff(bars.close) / bars.close[:-1], 0.0)
    time = [str(moment)[:10] for moment in bars.time]
    noise = np.random.default_rng(1).normal(0, 1, 400)

    def found(value: Any, known: str = "bar end") -> float:
        return foresight(table(time, value, known=known).usable(bars), bars)

    assert found(returns) == pytest.approx(1.0)
    assert found(np.sign(returns)) > LIKELY
    assert abs(found(noise)) < 0.2
    assert abs(found(returns, "1 bars")) < 0.2
    assert found(np.ones(400)) == 0
    assert Known().label() == "bar end"
