"""Crises and regimes: dates, and nothing but the past."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.result import BacktestResult
from engine.research.regimes import CRISES, bars_a_day, crises, regimes, trend_regime, volatility_regime
from tests.support.market import days
from tests.support.results import make_result


def long(first: str, count: int, seed: int = 0) -> BacktestResult:
    random = np.random.default_rng(seed)
    equity = 100 * np.exp(np.cumsum(random.normal(0.0003, 0.01, count)))
    held = 100 * np.exp(np.cumsum(random.normal(0.0003, 0.02, count)))
    return make_result(equity, time=days(count, first), benchmark=held)


def test_table_is_in_order_and_every_crisis_takes_time() -> None:
    starts = [np.datetime64(start) for _, start, _ in CRISES]
    assert starts == sorted(starts)
    assert all(np.datetime64(start) < np.datetime64(end) for _, start, end in CRISES)
    assert len({name for name, _, _ in CRISES}) == len(CRISES)


def test_only_covered_crises_are_measured() -> None:
    found = {item.name: item for item in crises(long("2018-01-01", 1000))}
    assert set(found) == {"Volmageddon", "Late 2018", "Covid"}
    assert all(item.whole for item in found.values())
    made = long("2018-01-01", 1000)
    at = [int(np.flatnonzero(made.time == np.datetime64(day))[0]) for day in ("2020-02-19", "2020-03-23")]
    assert found["Covid"].total == pytest.approx(made.equity[at[1]] / made.equity[at[0]] - 1)
    assert found["Covid"].benchmark == pytest.approx(made.benchmark[at[1]] / made.benchmark[at[0]] - 1)


@pytest.mark.parametrize(
    ("first", "count", "start", "end", "whole"),
    [
        ("2020-02-19", 34, "2020-02-19", "2020-03-23", True),
        ("2020-02-19", 33, "2020-02-19", "2020-03-22", False),
        ("2020-02-20", 60, "2020-02-20", "2020-03-23", False),
        ("2020-03-18", 60, "2020-03-18", "2020-03-23", False),
    ],
)
def test_crisis_cut_short_is_measured_as_far_as_there_are_data(
    first: str, count: int, start: str, end: str, whole: bool
) -> None:
    made = long(first, count)
    (found,) = crises(made)
    at = [int(np.flatnonzero(made.time == np.datetime64(day))[0]) for day in (start, end)]
    assert (found.name, found.start, found.end, found.whole) == ("Covid", start, end, whole)
    assert found.total == pytest.approx(made.equity[at[1]] / made.equity[at[0]] - 1)


def test_a_glimpse_of_a_crisis_is_left_out() -> None:
    assert crises(long("2020-03-19", 60)) == ()  # four returns of it
    assert crises(long("2020-04-19", 60)) == ()


def test_weekend_at_the_start_takes_the_bar_before() -> None:
    made = long("2020-01-01", 200)
    open_days = np.ones(200, dtype=bool)
    open_days[np.flatnonzero(made.time == np.datetime64("2020-02-19"))[0]] = False
    sparse = make_result(made.equity[open_days], time=made.time[open_days], benchmark=made.benchmark[open_days])
    (found,) = crises(sparse)
    before = made.equity[np.flatnonzero(made.time == np.datetime64("2020-02-18"))[0]]
    last = made.equity[np.flatnonzero(made.time == np.datetime64("2020-03-23"))[0]]
    assert found.total == pytest.approx(last / before - 1)


def test_bull_is_above_the_mean_of_the_window() -> None:
    prices = np.random.default_rng(0).normal(100, 1, 300)
    found = trend_regime(prices, 50)
    assert (found[:49] == 0).all()
    for at in (49, 120, 299):
        assert found[at] == (1 if prices[at] > prices[at - 49 : at + 1].mean() else -1)


@pytest.mark.parametrize("cut", [60, 133, 250])
def test_regimes_do_not_know_the_future(cut: int) -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, 300) * np.linspace(0.5, 2, 300)
    prices = np.cumprod(1 + returns)
    np.testing.assert_array_equal(trend_regime(prices, 50)[:cut], trend_regime(prices[:cut], 50))
    np.testing.assert_array_equal(volatility_regime(returns)[:cut], volatility_regime(returns[:cut]))


def test_turbulent_is_above_the_median_so_far() -> None:
    returns = np.random.default_rng(2).normal(0, 0.01, 200)
    found = volatility_regime(returns)
    past = [returns[end - 20 : end].std(ddof=1) for end in range(20, 200)]
    for at in (40, 77, 199):
        known = past[: at - 19]
        assert found[at] == (1 if known[-1] > np.median(known) else -1)
    assert (found[:39] == 0).all()


def test_returns_are_split_by_what_was_known_before_them() -> None:
    made = long("2015-01-01", 1500)
    found = {item.name: item for item in regimes(made)}
    assert set(found) == {"Bull", "Bear", "Calm", "Turbulent"}
    side = trend_regime(made.benchmark, 200)[:-1]
    own = made.equity[1:] / made.equity[:-1] - 1
    up = own[side > 0]
    assert found["Bull"].sharpe == pytest.approx(up.mean() / up.std(ddof=1) * np.sqrt(made.periods_per_year))
    assert found["Bull"].mean == pytest.approx(up.mean() * made.periods_per_year)
    assert found["Bull"].share + found["Bear"].share == pytest.approx(1300 / 1499, abs=1e-3)


def test_short_history_has_fewer_regimes() -> None:
    assert {item.name for item in regimes(long("2020-01-01", 100))} == {"Calm", "Turbulent"}
    assert regimes(long("2020-01-01", 30)) == ()


def test_days_hold_several_bars() -> None:
    hours = np.datetime64("2024-01-01T14:00", "ms") + np.arange(7) * np.timedelta64(1, "h")
    time = np.concatenate([hours + np.timedelta64(day, "D") for day in range(10)])
    assert bars_a_day(make_result(np.ones(70), time=time).days) == 7
    assert bars_a_day(make_result(np.ones(10)).days) == 1
    late = make_result(np.ones(70), time=time - np.timedelta64(17, "h"), zones=("Australia/Sydney",))
    assert bars_a_day(late.days) == 7, "from 21:00 to 03:00 in UTC"
