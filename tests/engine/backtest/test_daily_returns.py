"""Returns by trading day, against pandas and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.backtest.daily_returns import about_bars_within_days, return_sample
from engine.backtest.result import BacktestResult
from engine.research.verdict import assess
from tests.support.results import make_result


def hourly(share_of_day: np.ndarray, daily: np.ndarray) -> BacktestResult:
    """An account of 24 hours a day whose days return ``daily``, of which each hour earns its ``share_of_day``."""
    steps = (1 + daily[:, None]) ** share_of_day[None, :]
    equity = 1000 * np.cumprod(steps.ravel())
    time = np.datetime64("2020-01-01", "h") + np.arange(len(equity))
    return make_result(equity, benchmark=1000 * np.cumprod(np.ones(len(equity)) * 1.0001), time=time)


def test_days_are_the_last_bars_of_each_as_pandas_resamples_them() -> None:
    random = np.random.default_rng(3)
    account = hourly(random.dirichlet(np.ones(24)), random.normal(0.001, 0.01, 200))
    series = pd.Series(account.equity, index=pd.DatetimeIndex(account.time)).resample("1D").last()
    closes = np.append(account.equity[0], series.to_numpy())
    expected = closes[1:] / closes[:-1] - 1
    sample = return_sample(account)
    assert sample.daily
    np.testing.assert_allclose(sample.returns, expected, rtol=1e-12)
    assert sample.per_year == pytest.approx(365.2425, rel=0.01)
    assert sample.sharpe == pytest.approx(expected.mean() / expected.std(ddof=1) * np.sqrt(365.2425), rel=0.01)


def test_hours_that_share_the_return_of_their_day_do_not_raise_the_evidence() -> None:
    """Each hour earns a 24th of its day's return: the variance of the day is 24 times that of 24 uncorrelated hours,
    so the ratio of the hours is the root of 24, 4.9, times that of the days.
    """
    daily = np.random.default_rng(5).normal(0.003, 0.01, 400)
    account = hourly(np.full(24, 1 / 24), daily)
    by_bar, by_day = account.metrics["sharpe"], return_sample(account).sharpe
    assert by_bar is not None
    assert by_day is not None
    assert by_bar / by_day == pytest.approx(np.sqrt(24), rel=0.02)
    (warning,) = about_bars_within_days(account, by_bar)
    assert f"{by_day:.2f}, not {by_bar:.2f}" in warning
    of_days = make_result(np.append(account.equity[0], account.equity[23::24]), benchmark=np.linspace(1000, 1001, 401))
    hours, days = (assess(item, ()).findings[0] for item in (account, of_days))
    assert hours.value == days.value
    assert "400 daily returns" in hours.explanation


def test_uncorrelated_hours_are_not_warned_of() -> None:
    steps = np.random.default_rng(8).normal(0.0002, 0.004, 24 * 500)
    time = np.datetime64("2020-01-01", "h") + np.arange(len(steps))
    account = make_result(1000 * np.cumprod(1 + steps), time=time)
    assert about_bars_within_days(account, account.metrics["sharpe"]) == ()


def test_daily_bars_are_their_own_days() -> None:
    account = make_result(1000 * np.cumprod(1 + np.random.default_rng(1).normal(0, 0.01, 300)))
    sample = return_sample(account)
    assert not sample.daily
    assert sample.sharpe == account.metrics["sharpe"]
    assert about_bars_within_days(account, 99.0) == ()


def test_an_account_that_never_moved_has_no_ratio() -> None:
    account = hourly(np.full(24, 1 / 24), np.zeros(60))
    assert return_sample(account).sharpe is None
    assert about_bars_within_days(account, None) == ()
