"""Bars: selection, adjustment, and the digest that every run key rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.market.bars import Bars, periods_per_year
from engine.market.spec import MarketSpec
from tests.support.market import days, make_bars, random_walk

HOURS = np.arange("2017-01-02T22", "2017-01-05T22", dtype="datetime64[h]").astype("datetime64[ms]")
COLUMNS = ("open", "high", "low", "close", "volume", "adj_close")


def span(bars: Bars) -> tuple[str, str]:
    return str(bars.time[0])[:16], str(bars.time[-1])[:16]


# -- selection ------------------------------------------------------------------------------------------------------


def test_range_includes_both_days() -> None:
    bars = random_walk(10)
    part = bars.between(date(2020, 1, 3), date(2020, 1, 5))
    assert span(part) == ("2020-01-03T00:00", "2020-01-05T00:00")
    np.testing.assert_array_equal(part.close, bars.close[2:5])


def test_range_of_hours_includes_the_whole_last_day() -> None:
    bars = make_bars(np.arange(1.0, len(HOURS) + 1), time=HOURS, interval="1h", timezone="UTC")
    part = bars.between(date(2017, 1, 3), date(2017, 1, 4))
    assert span(part) == ("2017-01-03T00:00", "2017-01-04T23:00")
    assert len(part) == 48


def test_open_ends_reach_to_the_ends() -> None:
    bars = random_walk(10)
    assert len(bars.between(None, None)) == 10
    assert span(bars.between(date(2020, 1, 9), None)) == ("2020-01-09T00:00", "2020-01-10T00:00")
    assert span(bars.between(None, date(2020, 1, 2))) == ("2020-01-01T00:00", "2020-01-02T00:00")


@pytest.mark.parametrize(
    ("start", "end"),
    [(date(2021, 1, 1), None), (None, date(2019, 1, 1)), (date.min, date.min), (date.max, date.max)],
)
def test_range_outside_is_empty(start: date | None, end: date | None) -> None:
    assert len(random_walk(10).between(start, end)) == 0


def test_range_before_1970_is_found() -> None:
    bars = random_walk(10, time=days(10, "1962-01-02"))
    assert len(bars.between(date(1962, 1, 4), date(1962, 1, 5))) == 2


# -- adjustment -----------------------------------------------------------------------------------------------------


def test_prices_as_supplied_are_untouched() -> None:
    bars = random_walk(10)
    assert bars.adjusted("none") is bars


def test_split_and_dividend_disappear_from_all_prices() -> None:
    """A 2:1 split on the third day and nothing else: the adjusted series moves 1% a day throughout."""
    close = np.array([100.0, 101.0, 51.005, 51.51505])
    adj_close = np.array([50.0, 50.5, 51.005, 51.51505])
    bars = make_bars(close, open=close * 0.99, adj_close=adj_close).adjusted("total_return")
    np.testing.assert_allclose(bars.close[1:] / bars.close[:-1], 1.01, rtol=1e-12)
    np.testing.assert_allclose(bars.open, adj_close * 0.99, rtol=1e-12)
    np.testing.assert_allclose(bars.high, adj_close, rtol=1e-12)
    np.testing.assert_allclose(bars.low, adj_close * 0.99, rtol=1e-12)


def test_a_unit_of_adjusted_prices_is_so_many_shares_of_the_day() -> None:
    """1,000 shares a day; a 2:1 split on the third day, a tenth of the close paid out on the fourth."""
    supplied = replace(
        make_bars([100.0, 100.0, 50.0, 45.0], adj_close=[45.0, 45.0, 45.0, 45.0]),
        splits=np.array([1.0, 1, 2, 1]), dividend_per_share=np.array([0.0, 0, 0, 5]),
    )  # fmt: skip
    assert (supplied.adjusted("none").shares, supplied.adjusted("none").traded) == (None, None)
    without, whole = supplied.adjusted("splits"), supplied.adjusted("total_return")
    assert without.shares is not None
    assert whole.shares is not None
    assert whole.traded is not None
    np.testing.assert_allclose(without.shares, [0.5, 0.5, 1, 1])
    np.testing.assert_allclose(whole.shares, [0.45, 0.45, 0.9, 1])
    for bars in (without, whole):
        np.testing.assert_allclose(bars.volume, [2000, 2000, 1000, 1000])
        np.testing.assert_allclose(bars.close / bars.shares, supplied.close)
    assert without.traded is None
    np.testing.assert_allclose(whole.close * whole.traded, supplied.close * supplied.volume)
    part = whole.slice(1, 3)
    assert part.shares is not None
    np.testing.assert_allclose(part.shares, [0.45, 0.9])
    assert part.digest() != replace(part, shares=part.shares * 2).digest()


def test_adjustment_keeps_the_shape_of_each_bar() -> None:
    bars = random_walk(200)
    bars = replace(bars, adj_close=bars.close * np.linspace(0.3, 1, 200))
    after = bars.adjusted("total_return")
    np.testing.assert_allclose(after.open / after.close, bars.open / bars.close, rtol=1e-12)
    assert (after.low <= np.minimum(after.open, after.close) * (1 + 1e-12)).all()
    assert (after.high >= np.maximum(after.open, after.close) * (1 - 1e-12)).all()


# -- bars a year ----------------------------------------------------------------------------------------------------


def test_bars_a_year_count_calendar_time() -> None:
    assert periods_per_year(days(366)) == pytest.approx(365.2425)
    weekdays = days(4000)[np.is_busday(days(4000).astype("datetime64[D]"))]
    assert periods_per_year(weekdays) == pytest.approx(365.2425 * 5 / 7, rel=1e-3)
    assert periods_per_year(HOURS) == pytest.approx(365.2425 * 24)


@pytest.mark.parametrize("count", [0, 1])
def test_bars_a_year_need_two_bars(count: int) -> None:
    with pytest.raises(DataError, match=f"TEST has {count} bars? in this range: choose a longer one"):
        random_walk(count).periods_per_year()


# -- identity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_one_changed_value_is_another_digest(name: str) -> None:
    bars = random_walk(50)
    values = getattr(bars, name).copy()
    values[25] = np.nextafter(values[25], np.inf)
    assert replace(bars, **{name: values}).digest() != bars.digest()


def test_moved_bar_symbol_and_facts_are_in_the_digest() -> None:
    bars = random_walk(50)
    time = bars.time.copy()
    time[3] += np.timedelta64(1, "ms")
    assert replace(bars, time=time).digest() != bars.digest()
    for change in (
        {"symbol": "OTHER"}, {"interval": "1h"}, {"currency": "EUR"}, {"has_ohlc": False}, {"split_adjusted": True},
    ):  # fmt: skip
        assert random_walk(50, **change).digest() != bars.digest()


def test_digest_does_not_depend_on_memory_layout() -> None:
    bars = random_walk(50)
    wide = np.repeat(bars.close, 2)[::2]
    assert not wide.flags["C_CONTIGUOUS"]
    assert replace(bars, close=wide).digest() == bars.digest()


def test_swapped_columns_are_another_digest() -> None:
    bars = random_walk(50)
    assert replace(bars, open=bars.high, high=bars.open).digest() != bars.digest()


def test_market_summary_is_plain() -> None:
    from engine.market.bars import Market

    assert Market((make_bars([1.0, 2.0]),)).summary() == {
        "TEST": {
            "bars": 2,
            "first": "2020-01-01T00:00:00.000",
            "last": "2020-01-02T00:00:00.000",
            "close": 2.0,
            "currency": "USD",
        }
    }


def test_market_spec_reads_dates_from_text() -> None:
    assert MarketSpec.parse({"start": "2020-01-02"}).start == date(2020, 1, 2)
