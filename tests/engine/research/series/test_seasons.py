"""Average returns by calendar, against scipy, statsmodels and pandas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

from engine.core.errors import DataError
from engine.market.bars import Bars
from engine.research.series.seasons import grouped, holm, seasons
from tests.support.market import days, make_bars, random_walk


def weekdays(count: int, first: str = "2020-01-01") -> np.ndarray:
    every = days(2 * count, first).astype("datetime64[D]")
    return every[np.is_busday(every)][:count].astype("datetime64[ms]")


def daily(count: int = 900, seed: int = 0) -> Bars:
    return random_walk(count, seed=seed, time=weekdays(count))


def frame(bars: Bars) -> pd.Series:
    return pd.Series(bars.close, index=pd.to_datetime(bars.time))


def test_months_are_those_of_pandas() -> None:
    bars = daily()  # ends on Tuesday 13 June 2023, in the middle of a month
    group, found = grouped(bars, "month")
    expected = frame(bars).resample("ME").last().pct_change().dropna().iloc[:-1]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_array_equal(group, expected.index.month - 1)


def test_a_month_counts_once_its_last_weekday_is_there() -> None:
    time = weekdays(900)
    last = int(np.searchsorted(time, np.datetime64("2023-03-31")))
    for end, month in ((last, 1), (last + 1, 2)):
        assert grouped(random_walk(end, time=time[:end]), "month")[0][-1] == month


def test_weekdays_and_days_of_the_month_are_those_of_pandas() -> None:
    bars = daily()
    returns = frame(bars).pct_change().dropna()
    found = seasons(bars).averages
    np.testing.assert_allclose(found["weekday"].mean, returns.groupby(returns.index.day_of_week).mean())
    np.testing.assert_allclose(found["day"].mean, returns.groupby(returns.index.day).mean())
    np.testing.assert_array_equal(found["day"].count, returns.groupby(returns.index.day).count())
    assert found["weekday"].labels == ("Mon", "Tue", "Wed", "Thu", "Fri")
    assert found["day"].labels == tuple(map(str, range(1, 32)))


def test_intervals_and_tests_are_those_of_other_libraries() -> None:
    bars = daily()
    returns = frame(bars).pct_change().dropna()
    monday = returns[returns.index.day_of_week == 0].to_numpy()
    others = returns[returns.index.day_of_week != 0].to_numpy()
    found = seasons(bars).averages["weekday"]
    low, high = DescrStatsW(monday).tconfint_mean(0.05)
    assert (found.low[0], found.high[0]) == (pytest.approx(low), pytest.approx(high))
    assert found.p_value[0] == pytest.approx(stats.ttest_ind(monday, others, equal_var=False).pvalue)


def test_all_comparisons_are_adjusted_together() -> None:
    found = seasons(daily())
    p_values = np.concatenate([item.p_value for item in found.averages.values()])
    adjusted = np.concatenate([item.adjusted for item in found.averages.values()])
    assert found.comparisons == len(p_values) == 12 + 5 + 31
    np.testing.assert_allclose(adjusted, multipletests(p_values, method="holm")[1])
    assert found.below(adjusted=True) <= found.below(adjusted=False)


@pytest.mark.parametrize("p_values", [[0.04, 0.001, 0.04, 1.0, 0.0], list(np.arange(60) / 200)])
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    np.testing.assert_allclose(holm(np.array(p_values)), multipletests(p_values, method="holm")[1])


def test_a_comparison_that_cannot_be_made_counts_nothing() -> None:
    np.testing.assert_array_equal(holm(np.array([np.nan, 0.01, 0.4])), [np.nan, 0.02, 0.4])


def test_an_effect_is_found_and_nothing_else() -> None:
    bars = daily()
    steps = np.where(np.is_busday(bars.time.astype("datetime64[D]"), "1000000"), 0.009, 0.0)
    found = seasons(replace(bars, close=bars.close * np.cumprod(1 + steps)))
    by_weekday = found.averages["weekday"]
    assert [name for name, p in zip(by_weekday.labels, by_weekday.adjusted, strict=True) if p < 0.05] == ["Mon"]


def intraday(count: int = 40) -> Bars:
    """Six half-hours from 09:30 in New York on ``count`` weekdays, across the change of the clocks in March."""
    local = weekdays(count, "2020-02-20")[:, None] + np.timedelta64(570, "m") + np.arange(6) * np.timedelta64(30, "m")
    is_summer = local >= np.datetime64("2020-03-08")
    time = (local + np.where(is_summer, np.timedelta64(4, "h"), np.timedelta64(5, "h"))).ravel()
    return random_walk(len(time), time=time, interval="30m")


def test_hours_are_those_of_the_exchange_and_leave_nights_out() -> None:
    bars = intraday()
    group, found = grouped(bars, "hour")
    assert set(group) == {9, 10, 11, 12}
    assert (group == 9).sum() == 40
    close, open = bars.close.reshape(40, 6), bars.open.reshape(40, 6)
    expected = np.column_stack([close[:, 0] / open[:, 0], close[:, 2] / close[:, 0], close[:, 4] / close[:, 2]]) - 1
    np.testing.assert_allclose(found.reshape(40, 4)[:, :3], expected)
    assert seasons(bars).averages["hour"].labels == ("09", "10", "11", "12")


def test_what_the_bars_do_not_allow_gets_a_sentence() -> None:
    assert "intraday" in seasons(daily()).refused["hour"]
    weekly = seasons(random_walk(300, time=days(2100)[::7], interval="1w"))
    assert set(weekly.refused) == {"weekday", "day", "hour"}
    assert "weekly" in weekly.refused["day"]
    assert weekly.averages["month"].count.sum() in (67, 68)


@pytest.mark.parametrize("close", [[5.0], [np.nan] * 30, [-1.0] * 800, [5.0] * 800])
def test_what_has_no_returns_is_refused(close: list[float]) -> None:
    bars = make_bars(close, time=weekdays(len(close)))
    with pytest.raises(DataError, match="TEST"):
        grouped(bars, "weekday")
    found = seasons(bars)
    assert (dict(found.averages), found.comparisons) == ({}, 0)
    assert len(found.refused) == 4
