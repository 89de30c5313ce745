"""Summary statistics of several series, against scipy, pandas and quantstats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from quantstats import stats as quantstats
from scipy import stats

from engine.research.series.statistics import statistics
from tests.support.market import days, make_bars, random_walk


def test_they_are_those_of_other_libraries() -> None:
    bars = random_walk(700)
    (found,) = statistics((bars,), common=True)
    returns = bars.close[1:] / bars.close[:-1] - 1
    assert found.skewness == pytest.approx(stats.skew(returns))
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns))
    assert found.value_at_risk == pytest.approx(np.percentile(returns, 5))
    assert found.shortfall == pytest.approx(returns[returns <= np.percentile(returns, 5)].mean())
    assert (found.best, found.worst) == (pytest.approx(returns.max()), pytest.approx(returns.min()))
    series = pd.Series(returns, index=pd.to_datetime(bars.time[1:]))
    per_year = 699 * 365.2425 / 699  # a bar a day
    sharpe = quantstats.sharpe(series, periods=per_year)
    assert found.metrics["sharpe"] == pytest.approx(sharpe)
    assert found.metrics["sortino"] == pytest.approx(quantstats.sortino(series, periods=per_year))
    assert found.metrics["volatility"] == pytest.approx(quantstats.volatility(series, periods=per_year))
    assert found.metrics["max_drawdown"] == pytest.approx(
        quantstats.max_drawdown(pd.Series(bars.close, pd.to_datetime(bars.time)))
    )


def test_autocorrelation_is_that_of_statsmodels() -> None:
    from statsmodels.tsa.stattools import acf

    bars = random_walk(300, seed=3)
    returns = bars.close[1:] / bars.close[:-1] - 1
    assert statistics((bars,), common=True)[0].autocorrelation == pytest.approx(acf(returns, nlags=1)[1])


def test_what_others_have_in_between_is_missing() -> None:
    whole = make_bars([1.0, 2.0, 3.0, 2.0, 4.0], symbol="WHOLE")
    part = make_bars([5.0, np.nan, 6.0], time=days(5)[[1, 2, 4]], symbol="PART")
    first, second = statistics((whole, part), common=False)
    assert (first.bars, first.missing, first.first, first.last) == (5, 0, "2020-01-01", "2020-01-05")
    assert (second.bars, second.missing, second.first, second.last) == (2, 2, "2020-01-02", "2020-01-05")


def test_common_days_cut_both_ends() -> None:
    whole = make_bars([1.0, 2.0, 3.0, 2.0, 4.0], symbol="WHOLE")
    part = make_bars([5.0, 7.0, 6.0], time=days(3, "2020-01-02"), symbol="PART")
    first, _ = statistics((whole, part), common=True)
    assert (first.bars, first.first, first.last) == (3, "2020-01-02", "2020-01-04")
    assert first.metrics["total_return"] == pytest.approx(0.0)


@pytest.mark.parametrize("close", [[5.0], [np.nan, np.nan], [-1.0, -2.0, -3.0]])
def test_what_is_no_price_has_no_figures(close: list[float]) -> None:
    (found,) = statistics((make_bars(close),), common=True)
    assert found.bars == np.isfinite(close).sum()
    assert (found.metrics, found.kurtosis, found.value_at_risk) == ({}, None, None)


def test_a_price_that_does_not_move_has_no_shape() -> None:
    (found,) = statistics((make_bars([5.0] * 40),), common=True)
    assert (found.kurtosis, found.autocorrelation, found.best) == (None, None, 0.0)


def test_symbols_that_never_met_have_no_common_days() -> None:
    market = (make_bars([1.0, 2.0, 3.0]), make_bars([1.0, 2.0, 3.0], time=days(3, "2021-01-01"), symbol="LATER"))
    assert [item.bars for item in statistics(market, common=True)] == [0, 0]
    assert [item.bars for item in statistics(market, common=False)] == [3, 3]
