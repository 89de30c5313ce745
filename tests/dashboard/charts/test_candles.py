"""The numbers that the price chart draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.charts import base, candles
from engine.market import catalog, conflation
from engine.market.bars import Bars
from engine.market.intervals import INTERVALS
from tests.support.market import make_bars, random_walk

DAY = 86_400_000.0


def long_walk(count: int = 1600) -> Bars:
    """More days than are drawn one by one, from Wednesday, 2020-01-01 on."""
    walk = random_walk(count)
    return replace(walk, volume=np.arange(count, dtype=np.float64))


def test_few_bars_are_drawn_as_they_are() -> None:
    bars = random_walk(50)
    info = candles.info(bars)
    assert info.step == "day"
    assert (info.bars, info.total, info.first, info.last) == (50, 50, "2020-01-01", "2020-02-19")
    assert info.time.dtype == np.float64
    np.testing.assert_array_equal(info.time, bars.time.astype(np.int64))
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(info, name), getattr(bars, name))


def test_many_bars_are_drawn_as_weeks_from_monday() -> None:
    bars = long_walk()
    info = candles.info(bars)
    assert info.step == "week"
    assert str(info.time[0].astype("datetime64[ms]"))[:10] == "2019-12-30"
    assert set(np.diff(info.time)) == {7 * DAY}
    second = slice(5, 12)  # Monday, 2020-01-06 to Sunday
    assert info.open[1] == bars.open[5]
    assert info.close[1] == bars.close[11]
    assert info.high[1] == bars.high[second].max()
    assert info.low[1] == bars.low[second].min()
    assert info.volume[1] == sum(range(5, 12))
    assert info.volume.sum() == bars.volume.sum()
    assert info.close[-1] == bars.close[-1]


def test_missing_prices_stay_missing_and_spoil_no_extremes() -> None:
    bars = long_walk()
    high, volume = bars.high.copy(), bars.volume.copy()
    high[6] = volume[7] = np.nan
    info = candles.info(replace(bars, high=high, volume=volume))
    assert info.high[1] == np.nanmax(high[5:12])
    assert info.volume[1] == np.nansum(volume[5:12])


@pytest.mark.parametrize("series", [item for items in catalog.collections().values() for item in items], ids=str)
def test_every_sample_series_is_drawn_with_what_it_has(series: object) -> None:
    info = candles.info(catalog.read(series))  # type: ignore[arg-type]
    assert info.is_line() != series.has_ohlc  # type: ignore[attr-defined]
    assert bool(len(info.volume)) == series.has_volume  # type: ignore[attr-defined]
    assert len(info.time) <= (3_002 if info.is_line() else candles.CANDLES)
    assert (np.diff(info.time) > 0).all()
    assert info.close[-1] == catalog.read(series).close[-1]  # type: ignore[arg-type]


def test_a_window_is_drawn_in_its_own_bars() -> None:
    bars = long_walk()
    times = base.times(bars.time)
    info = candles.info(bars, (times[100], times[199]))
    assert (info.step, info.bars, info.total) == ("day", 100, 1600)
    np.testing.assert_array_equal(info.close, bars.close[100:200])


def test_a_window_without_bars_shows_all_of_them() -> None:
    bars = random_walk(20)
    assert candles.info(bars, (0.0, 1.0)).bars == 20


@pytest.mark.parametrize(("last", "step"), [(100.0, "D2"), (5.0, "D1"), (1.2, None)])
def test_steps_of_a_log_axis_suit_its_span(last: float, step: str | None) -> None:
    axis = candles.price_axis(candles.info(make_bars([1.0, last]), log=True))
    assert (axis["type"], axis["dtick"]) == ("log", step)


@pytest.mark.parametrize(("interval", "length"), [("1m", 1), ("5m", 5), ("2h", 120)])
def test_every_interval_can_be_drawn_in_its_own_bars_and_in_longer_ones(interval: str, length: int) -> None:
    few, many = (
        random_walk(count, time=np.datetime64("2024-01-01T00:00", "m") + length * np.arange(count), interval=interval)
        for count in (100, 40_000)
    )
    info = candles.info(few)
    assert info.step == INTERVALS[interval].period
    assert info.bars == len(info.time) == 100
    info = candles.info(many)
    assert info.step in conflation.PERIODS
    assert len(info.time) <= candles.CANDLES
    assert info.high.max() == many.high.max()


def test_candles_of_weeks_are_months_when_there_are_too_many() -> None:
    weeks = random_walk(2000, time=np.datetime64("1980-01-07") + 7 * np.arange(2000), interval="1w")
    info = candles.info(weeks)
    assert (info.step, candles.candles_named(info.step)) == ("month", "monthly")
    assert candles.candles_named("15 minutes") == "15-minute"
