"""Moving statistics against pandas and quantstats, and where they are undefined."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.reports import rolling


def two_series(count: int = 900, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    market = random.normal(0.0003, 0.012, count)
    return 0.6 * market + random.normal(0, 0.005, count), market


@pytest.mark.parametrize("window", [2, 21, 252])
def test_they_are_those_of_pandas(window: int) -> None:
    returns, market = two_series()
    own, other = pd.Series(returns), pd.Series(market)
    spread = own.rolling(window).std()
    close = {"rel": 1e-8, "abs": 1e-7 if window == 2 else 1e-12, "nan_ok": True}
    assert rolling.volatility(returns, window, 252) == pytest.approx((spread * 252**0.5).to_numpy(), **close)
    if window > 2:  # two returns that are almost equal have a ratio that nothing holds down
        wanted = own.rolling(window).mean() / spread * 252**0.5
        assert rolling.sharpe(returns, window, 252) == pytest.approx(wanted.to_numpy(), **close)
        wanted = own.rolling(window).cov(other) / other.rolling(window).var()
        assert rolling.beta(returns, market, window) == pytest.approx(wanted.to_numpy(), **close)


def test_sharpe_is_that_of_quantstats() -> None:
    import quantstats

    returns, _ = two_series()
    series = pd.Series(returns, index=pd.bdate_range("2015-01-01", periods=len(returns)))
    wanted = quantstats.stats.rolling_sharpe(series, rolling_period=126, periods_per_year=252).dropna()
    ours = rolling.sharpe(returns, 126, 252)
    assert ours[np.isfinite(ours)] == pytest.approx(wanted.to_numpy(), rel=1e-8)


def test_time_in_cash_has_no_volatility_and_no_sharpe() -> None:
    returns = np.concatenate((two_series(100)[0], np.zeros(50), two_series(100)[0]))
    idle = slice(100 + 19, 150)
    assert (rolling.volatility(returns, 20, 252)[idle] == 0).all()
    assert np.isnan(rolling.sharpe(returns, 20, 252)[idle]).all()
    assert (rolling.volatility(returns, 20, 252)[150:] > 0).all()


def test_a_benchmark_that_stands_still_has_no_beta() -> None:
    returns, _ = two_series(50)
    assert np.isnan(rolling.beta(returns, np.zeros(50), 10)).all()


def test_of_itself_beta_is_one() -> None:
    _, market = two_series(80)
    assert rolling.beta(market, market, 30)[29:] == pytest.approx(np.ones(51))


@pytest.mark.parametrize("window", [1, 60])
def test_a_window_that_cannot_be_filled_gives_nothing(window: int) -> None:
    returns, market = two_series(59)
    assert np.isnan(rolling.sharpe(returns, window, 252)).all()
    assert np.isnan(rolling.beta(returns, market, window)).all()


def test_no_returns_give_none() -> None:
    assert len(rolling.volatility(np.array([]), 5, 252)) == 0


@given(st.lists(st.floats(-0.2, 0.2), min_size=4, max_size=60), st.integers(2, 10))
def test_each_value_is_that_of_its_window(values: list[float], window: int) -> None:
    returns = np.array(values)
    ours = rolling.deviation(returns, window)
    for end in range(window, len(returns) + 1):
        wanted = np.std(returns[end - window : end], ddof=1)
        assert ours[end - 1] == pytest.approx(wanted, rel=1e-6, abs=1e-7)


@given(st.lists(st.floats(-0.2, 0.2), min_size=12, max_size=40))
def test_no_later_bar_changes_an_earlier_value(values: list[float]) -> None:
    returns = np.array(values)
    whole, cut = rolling.deviation(returns, 5), rolling.deviation(returns[:-4], 5)
    assert whole[:-4] == pytest.approx(cut, rel=1e-6, abs=1e-7, nan_ok=True)


def by_definition(returns: np.ndarray, window: int) -> np.ndarray:
    """The ratio of each window by itself, summed without rounding."""
    found = np.full(len(returns), np.nan)
    for end in range(window, len(returns) + 1):
        own = returns[end - window : end]
        mean = math.fsum(own) / window
        spread = math.sqrt(math.fsum((own - mean) ** 2) / (window - 1))
        if np.ptp(own) > 0:
            found[end - 1] = mean / spread * math.sqrt(252)
    return found


@pytest.mark.parametrize("window", [2, 5, 60, 399, 400])
def test_nearly_flat_returns_beside_a_crash_keep_ten_digits(window: int) -> None:
    """Sums that run over the whole series lose the small ones: of a window of 5 all but seven digits."""
    random = np.random.default_rng(3)
    returns = np.where(random.random(400) < 0.5, 0.0, random.normal(0, 0.02, 400))
    returns[100:200] = 1e-6 + 1e-8 * random.normal(size=100)
    returns[150] = -0.4
    wanted = by_definition(returns, window)
    np.testing.assert_allclose(rolling.sharpe(returns, window, 252), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("window", [0, 1, 9])
def test_windows_that_no_deviation_can_be_told_of(window: int) -> None:
    assert np.isnan(rolling.sharpe(np.arange(8.0), window, 252)).all()
    assert np.isnan(rolling.sharpe(np.empty(0), window, 252)).all()
