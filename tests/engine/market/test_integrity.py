"""Bars that cannot be computed with are refused wherever they come from, in words that name the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import engine
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.integrity import flaws, require_sound
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support import stored as backtests
from tests.support.market import days, make_bars, random_walk

pytestmark = pytest.mark.usefixtures("workspace")

NAMES = ("time", "open", "high", "low", "close", "volume", "adj_close")
COUNT = 60
CLEAN = random_walk(COUNT, 4)
HOURS = (np.datetime64("2020-10-31T20", "h") + np.arange(12)).astype("datetime64[ms]")


def taken(bars: Bars, rows: Any) -> Bars:
    """The rows of ``bars`` in another order, some of them several times or not at all."""
    return replace(bars, **{name: getattr(bars, name)[rows] for name in NAMES})


def changed(name: str, rows: Any, value: Any, bars: Bars = CLEAN) -> Bars:
    values = getattr(bars, name).copy()
    values[rows] = value
    return replace(bars, **{name: values})


def refused(bars: Bars) -> str:
    with pytest.raises(DataError) as caught:
        require_sound(bars)
    return str(caught.value).removeprefix("TEST in made-up cannot be used: ")


# -- the sentences --------------------------------------------------------------------------------------------------


def test_sound_series_is_taken() -> None:
    for bars in (CLEAN, random_walk(1), random_walk(0), changed("close", [3, 4], np.nan), random_walk(50_000)):
        require_sound(bars)


def test_every_series_of_the_sample_is_sound() -> None:
    for members in catalog.collections().values():
        for series in members:
            require_sound(catalog.read_unchecked(series))


def test_day_that_is_there_twice_is_named() -> None:
    assert refused(taken(CLEAN, np.repeat(np.arange(COUNT), np.where(np.arange(COUNT) == 20, 2, 1)))) == (
        "1 of its 61 rows has the time of the row before: row 22 (2020-01-21). Keep one of each."
    )


def test_rows_out_of_order_are_named_and_counted() -> None:
    rows = np.arange(COUNT)
    for at in (10, 20, 30, 40, 50):
        rows[[at, at + 1]] = rows[[at + 1, at]]
    assert refused(taken(CLEAN, rows)) == (
        "5 of its 60 rows have an earlier time than the row before: row 12 (2020-01-11), row 22 (2020-01-21), row 32 "
        "(2020-01-31) and 2 more. Sort them by time."
    )


def test_newest_first_is_called_so() -> None:
    assert refused(taken(CLEAN, np.arange(COUNT)[::-1])) == (
        "its rows come newest first, 2020-02-29 to 2020-01-01: sort them."
    )


def test_daily_bars_with_an_hour_are_to_be_dates() -> None:
    stamped = replace(CLEAN, time=CLEAN.time + np.timedelta64(5, "h"))
    assert refused(stamped) == (
        "60 of its 60 rows have a time of day though its bars are daily: row 1 (2020-01-01 05:00), row 2 (2020-01-02 "
        "05:00), row 3 (2020-01-03 05:00) and 57 more. The time of a daily bar is its date: use the date by the clock "
        "of America/New_York."
    )


def test_hour_that_a_clock_set_back_has_twice_is_named() -> None:
    """New York's clocks showed 01:00 twice on the 1st of November 2020; their times are no times in UTC."""
    local = HOURS - np.where(HOURS.astype("datetime64[h]").astype(str) < "2020-11-01T06", 4, 5).astype("timedelta64[h]")
    bars = make_bars(np.arange(1.0, 13.0), time=local, interval="1h")
    assert refused(bars) == (
        "1 of its 12 rows has the time of the row before: row 11 (2020-11-01 01:00). Keep one of each. Intraday times "
        "must be in UTC, where no hour repeats when clocks go back."
    )
    require_sound(replace(bars, time=HOURS))


def test_row_without_a_time_is_numbered() -> None:
    assert refused(changed("time", [1, 5], np.datetime64("NaT"))) == (
        "2 of its 60 rows have no time: rows 2, 6. Give each its time, or drop it."
    )


@pytest.mark.parametrize("name", NAMES[1:])
def test_infinite_values_are_named(name: str) -> None:
    assert refused(changed(name, 7, np.inf)) == (
        f"1 of its 60 rows has infinite values ({name}): row 8 (2020-01-08). Leave unknown values empty."
    )
    assert refused(changed(name, [7, 9], -np.inf)).startswith("2 of its 60 rows have infinite values")


@pytest.mark.parametrize("name", NAMES[1:])
def test_columns_of_another_length_or_type_are_refused(name: str) -> None:
    values = getattr(CLEAN, name)
    expected = f"it has 60 times and 59 values of {name}: each column must have one for each bar."
    assert refused(replace(CLEAN, **{name: values[:-1]})) == expected
    assert refused(replace(CLEAN, **{name: values.astype(np.float32)})) == f"{name} is float32, and must be float64."
    assert refused(replace(CLEAN, **{name: values.tolist()})) == f"{name} is a list, and must be an array of float64."


def test_reported_actions_are_columns_too() -> None:
    assert "values of splits" in refused(replace(CLEAN, splits=np.ones(3), dividend_per_share=np.zeros(COUNT)))
    assert "infinite values (dividend_per_share)" in refused(
        replace(CLEAN, splits=np.ones(COUNT), dividend_per_share=np.full(COUNT, np.inf))
    )


def test_times_of_another_unit_are_refused() -> None:
    assert refused(replace(CLEAN, time=CLEAN.time.astype("datetime64[ns]"))) == (
        "its times are datetime64[ns], and must be datetime64[ms]."
    )
    thousand = (CLEAN.time.astype(np.int64) * 1000).astype("datetime64[ms]")
    assert "a time outside the years 1 to 9998: row 1 " in refused(replace(CLEAN, time=thousand))


def test_unknown_time_zone_of_intraday_bars_is_refused() -> None:
    bars = make_bars(np.arange(1.0, 13.0), time=HOURS, interval="1h", timezone="New York")
    assert refused(bars) == "unknown time zone 'New York': give that of the exchange, such as America/New_York."


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/New_York"])
def test_all_that_is_wrong_can_be_told(zone: str) -> None:
    spoilt = changed("close", 3, np.inf, replace(taken(CLEAN, [0, 1, 1, 4, 3]), series=CLEAN.series))
    stamped = replace(spoilt, time=spoilt.time + np.timedelta64(1, "h"))
    assert [flaw.name for flaw in flaws(stamped)] == ["order", "twice", "date", "infinite"]
    said = refused(stamped)
    assert said.startswith("1 of its 5 rows has an earlier time than the row before: row 5 (2020-01-04 01:00). Sort")
    assert "Keep one of each. 5 of its 5 rows have a time of day" in said


# -- the one way in -------------------------------------------------------------------------------------------------


def run(bars: Bars, **more: Any) -> tuple[dict[str, float | None], list[float]] | str:
    """The figures and the equity of a backtest on ``bars``, or why there is none."""
    save(bars)
    try:
        result = engine.run(BacktestSpec.parse(request(**more)))
    except DataError as error:
        return str(error)
    return result.metrics, result.equity.tolist()


def request(**more: Any) -> dict[str, Any]:
    strategy = {"kind": "sma_cross", "fast": 3, "slow": 8}
    return {"market": backtests.MADE_UP, "strategy": strategy, "costs": backtests.NO_COSTS, **more}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=some.lists(some.integers(0, COUNT - 1), min_size=20, max_size=COUNT + 5), sort=some.booleans())
def test_other_orders_of_rows_are_refused_or_the_series_itself(rows: list[int], sort: bool) -> None:
    """Rows that ascend are a series of their own, whose figures are those of its rows; no other order has any."""
    order = np.array(sorted(rows) if sort else rows)
    found = run(taken(CLEAN, order))
    if (np.diff(order) > 0).all():
        assert not isinstance(found, str)
    else:
        assert isinstance(found, str)
        assert "cannot be used" in found


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=some.randoms(use_true_random=False), twice=some.sets(some.integers(0, COUNT - 1), max_size=3))
def test_permuted_or_repeated_rows_never_give_other_figures(seed: Any, twice: set[int]) -> None:
    rows = [*range(COUNT), *twice]
    seed.shuffle(rows)
    found = run(taken(CLEAN, np.array(rows)))
    assert found == run(CLEAN) or (isinstance(found, str) and "cannot be used" in found)


SETTINGS = {
    "plain": {},
    "with a stop": {"stops": {"stop_loss": 0.1}},
    "both sides": {"direction": "both"},
    "half invested": {"sizing": {"kind": "percent", "part": 0.5}},
    "limit orders": {"fill": "limit", "limit_offset": 20},
    "part of the range": {"market": backtests.MADE_UP | {"start": "2020-01-10", "end": "2020-02-10"}},
}


@pytest.mark.parametrize("more", SETTINGS.values(), ids=SETTINGS)
def test_day_twice_and_swapped_and_turned_rows_are_refused_however_they_are_traded(more: dict[str, Any]) -> None:
    swapped = np.arange(COUNT)
    swapped[[30, 31]] = swapped[[31, 30]]
    for rows in (np.sort([*range(COUNT), 30]), swapped, np.arange(COUNT)[::-1]):
        found = run(taken(CLEAN, rows), **more)
        assert isinstance(found, str)
        assert found.startswith("TEST in made-up cannot be used: ")


def test_one_refused_symbol_refuses_the_account_of_both() -> None:
    market = backtests.pair(CLEAN, taken(random_walk(COUNT, 5, symbol="ODD"), np.sort([*range(COUNT), 30])))
    with pytest.raises(DataError, match=r"ODD in made-up cannot be used.*row 32 \(2020-01-31\)"):
        backtests.run(market, cash="shared")


def test_stamped_days_are_refused_beside_their_dates() -> None:
    """Midnight of New York in UTC, as some providers write a date: 05:00, in summer 04:00."""
    time = days(COUNT, "2020-02-10")
    hours = np.where(time < np.datetime64("2020-03-09"), 5, 4).astype("timedelta64[h]")
    market = backtests.pair(random_walk(COUNT, time=time), random_walk(COUNT, time=time + hours, symbol="ODD"))
    with pytest.raises(DataError, match=r"60 of its 60 rows have a time of day .* row 1 \(2020-02-10 05:00\)"):
        backtests.run(market)


def test_bars_without_a_time_on_disk_are_refused_by_name() -> None:
    save(changed("time", 4, np.datetime64("NaT")))
    with pytest.raises(DataError, match="TEST in made-up cannot be used: 1 of its 60 rows has no time: row 5"):
        catalog.load(MarketSpec(collection="made-up", symbols=("TEST",)))


def test_refused_bars_can_be_looked_at() -> None:
    save(taken(CLEAN, np.arange(COUNT)[::-1]))
    series = catalog.find("made-up", "TEST", "1d")
    assert catalog.read_unchecked(series).close.tolist() == CLEAN.close[::-1].tolist()
    with pytest.raises(DataError, match="newest first"):
        catalog.read(series)
