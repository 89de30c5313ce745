"""Returns by month and year, by hand and against pandas and quantstats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.backtest.reports.periods import monthly, yearly
from tests.support.results import make_result, trade

DAYS = np.array(["2019-12-30", "2019-12-31", "2020-01-02", "2020-01-31", "2020-03-02", "2021-01-04"], "datetime64[ms]")
EQUITY = np.array([100.0, 110.0, 99.0, 121.0, 60.5, 121.0])


def walk(count: int = 1500, seed: int = 3) -> pd.Series:
    """Growth of 1 on business days."""
    returns = np.random.default_rng(seed).normal(0.0004, 0.01, count)
    return pd.Series(np.cumprod(1 + returns), index=pd.bdate_range("2015-03-11", periods=count))


def test_months_by_hand() -> None:
    months = monthly(DAYS, EQUITY)
    assert months.years.tolist() == [2019, 2020, 2021]
    assert months.returns[0, 11] == pytest.approx(0.1)
    assert months.returns[1, 0] == pytest.approx(0.1)
    assert months.returns[1, 2] == pytest.approx(-0.5)
    assert months.returns[2, 0] == pytest.approx(1.0)
    assert np.isfinite(months.returns).sum() == 4
    assert months.totals == pytest.approx([0.1, -0.45, 1.0])


def test_a_year_without_bars_has_a_row_without_numbers() -> None:
    time = np.array(["2018-05-01", "2018-06-01", "2020-01-02"], "datetime64[ms]")
    months = monthly(time, np.array([1.0, 2.0, 3.0]))
    assert months.years.tolist() == [2018, 2019, 2020]
    assert np.isnan(months.totals[1])
    assert np.isnan(months.returns[1]).all()
    assert months.totals[2] == pytest.approx(0.5)


def test_months_are_those_of_pandas() -> None:
    growth = walk()
    months = monthly(growth.index.to_numpy("datetime64[ms]"), growth.to_numpy())
    ends = growth.resample("ME").last()
    wanted = (ends / ends.shift().fillna(growth.iloc[0]) - 1).to_numpy()
    assert months.returns[np.isfinite(months.returns)] == pytest.approx(wanted, abs=1e-14)
    years = growth.resample("YE").last()
    assert months.totals == pytest.approx((years / years.shift().fillna(growth.iloc[0]) - 1).to_numpy(), abs=1e-14)


def test_months_are_those_of_quantstats() -> None:
    import quantstats

    growth = walk(700)
    months = monthly(growth.index.to_numpy("datetime64[ms]"), growth.to_numpy())
    table = quantstats.stats.monthly_returns(growth.pct_change().fillna(0), eoy=False)
    assert np.nan_to_num(months.returns) == pytest.approx(table.to_numpy(dtype=float), abs=1e-12)


def test_months_compound_to_the_total() -> None:
    growth = walk()
    months = monthly(growth.index.to_numpy("datetime64[ms]"), growth.to_numpy())
    total = growth.iloc[-1] / growth.iloc[0]
    assert np.nanprod(1 + months.returns) == pytest.approx(total)
    assert np.nanprod(1 + months.totals) == pytest.approx(total)


def test_years_by_hand() -> None:
    trades = [trade("2019-12-30", "2020-01-31", 5), trade("2020-01-02", "2020-03-02", 5)]
    result = make_result(EQUITY, trades, time=DAYS, benchmark=np.array([1.0, 1, 1, 1, 2, 1]))
    first, second, third = yearly(result)
    assert (first.year, first.trades, second.trades, third.trades) == (2019, 1, 1, 0)
    assert (second.total, second.hold) == (pytest.approx(-0.45), pytest.approx(1.0))
    assert second.drawdown == pytest.approx(-0.5)
    assert third.hold == pytest.approx(-0.5)
    assert third.drawdown == 0
    assert third.sharpe is None, "one return has no deviation"
    returns = np.array([-0.1, 121 / 99 - 1, -0.5])
    wanted = returns.mean() / returns.std(ddof=1) * np.sqrt(result.periods_per_year)
    assert second.sharpe == pytest.approx(wanted)


def test_the_fall_of_a_year_counts_from_the_close_before_it() -> None:
    time = np.array(["2019-12-31", "2020-01-02", "2020-01-03"], "datetime64[ms]")
    assert yearly(make_result([100.0, 80.0, 90.0], time=time))[1].drawdown == pytest.approx(-0.2)
