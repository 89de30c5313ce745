"""Trend and season of log closes, against statsmodels and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.oneway import anova_oneway
from statsmodels.tsa.seasonal import STL

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.research.series.decomposition.stl import MOST_POINTS, decompose, usual_season
from tests.support.market import days, make_bars, random_walk


def weekdays(count: int) -> np.ndarray:
    every = days(2 * count, "2010-01-04").astype("datetime64[D]")
    return every[np.is_busday(every)][:count].astype("datetime64[ms]")


def daily(count: int = 1500) -> Bars:
    return random_walk(count, time=weekdays(count))


def test_a_year_is_the_decomposition_of_month_ends() -> None:
    bars = daily()
    found = decompose(bars, "year")
    ends = pd.Series(np.log(bars.close), index=pd.to_datetime(bars.time)).resample("ME").last()
    expected = STL(ends, period=12, seasonal=13).fit()
    np.testing.assert_allclose(found.observed, ends)
    np.testing.assert_allclose(found.trend, expected.trend)
    np.testing.assert_allclose(found.seasonal, expected.seasonal)
    np.testing.assert_allclose(found.trend + found.seasonal + found.remainder, found.observed)
    rest = expected.resid.var()
    assert found.season_strength == pytest.approx(max(0, 1 - rest / (expected.resid + expected.seasonal).var()))
    assert found.trend_strength == pytest.approx(max(0, 1 - rest / (expected.resid + expected.trend).var()))


def test_chance_is_judged_by_welch() -> None:
    bars = daily()
    ends = pd.Series(np.log(bars.close), index=pd.to_datetime(bars.time)).resample("ME").last().diff().dropna()
    expected = anova_oneway(ends.to_numpy(), ends.index.month, use_var="unequal", welch_correction=True)
    assert decompose(bars, "year").p_value == pytest.approx(expected.pvalue)


def test_a_holiday_repeats_the_close_before_it() -> None:
    time = weekdays(400)
    holiday = 7  # the second Wednesday
    bars = make_bars(np.arange(1.0, 400.0), time=np.delete(time, holiday))
    found = decompose(bars, "week")
    assert found.period == 5
    assert len(found.observed) == 400
    np.testing.assert_allclose(np.exp(found.observed[5:10]), [6, 7, 7, 8, 9])


def test_a_day_has_the_times_of_the_exchange() -> None:
    sessions = weekdays(60)[:, None] + np.timedelta64(870, "m") + np.arange(7) * np.timedelta64(60, "m")
    time = sessions.ravel()
    wave = np.tile(np.sin(np.arange(7)), 60) * 0.05
    bars = make_bars(100 * np.exp(wave), time=time, interval="1h", timezone="UTC")
    found = decompose(bars, "day")
    assert found.period == 7
    assert found.season_strength > 0.99
    np.testing.assert_allclose(found.seasonal[:7] - found.seasonal[0], wave[:7] - wave[0], atol=1e-6)
    assert usual_season(bars) == "day"


def test_minutes_are_taken_at_every_quarter_of_an_hour() -> None:
    time = (weekdays(5)[:, None] + np.timedelta64(840, "m") + np.arange(390) * np.timedelta64(1, "m")).ravel()
    found = decompose(random_walk(len(time), time=time, interval="1m", timezone="UTC"), "day")
    assert found.period == 26
    assert found.time[0] == np.datetime64("2010-01-04T14:14")


def test_the_latest_of_many_are_decomposed() -> None:
    found = decompose(daily(5200), "week")
    assert (len(found.time), found.total) == (MOST_POINTS, 5200)


@pytest.mark.parametrize(
    ("close", "why"),
    [
        ([5.0], "0.1 years"),
        ([5.0] * 400, "1.6 years"),
        ([5.0] * 800, "does not move"),
        ([np.nan] * 800, "no close"),
        ([-5.0, *np.arange(1.0, 800.0)], "1 close in this range that is not positive"),
        ([-5.0, 0.0, *np.arange(1.0, 800.0)], "2 closes in this range that are not positive"),
    ],
)
def test_what_has_no_season_gets_a_sentence(close: list[float], why: str) -> None:
    with pytest.raises(DataError, match=why):
        decompose(make_bars(close, time=weekdays(len(close))), "year")


@pytest.mark.parametrize(("season", "interval", "why"), [("day", "1d", "intraday"), ("week", "1w", "daily or shorter")])
def test_bars_that_are_too_long_are_refused(season: str, interval: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        decompose(random_walk(100, interval=interval), season)  # type: ignore[arg-type]


def test_a_year_needs_more_than_two() -> None:
    with pytest.raises(DataError, match=r"2\.0 years"):
        decompose(daily(520), "year")
