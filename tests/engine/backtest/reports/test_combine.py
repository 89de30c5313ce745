"""Runs on common bars: correlation and portfolios, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.backtest.reports.combine import MINIMUM_BARS, CommonBars, combine, common
from engine.backtest.result import BacktestResult
from engine.core.errors import DataError
from tests.support.market import days
from tests.support.results import make_result


def runs(*seeds: int, bars: int = 400, spread: float = 0.01) -> list[BacktestResult]:
    return [make_result(walk(seed, bars, spread * (1 + index))) for index, seed in enumerate(seeds)]


def walk(seed: int, bars: int, spread: float) -> np.ndarray:
    return 1000 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0004, spread, bars)))


def frame(found: CommonBars) -> pd.DataFrame:
    return pd.DataFrame(found.growth, index=pd.DatetimeIndex(found.time))


def test_common_bars_are_those_that_every_run_has() -> None:
    early, late = make_result(walk(1, 100, 0.01), time=days(100)), make_result(walk(2, 70, 0.01), time=days(100)[30:])
    found = common([early, late])
    assert list(found.time) == list(days(100)[30:])
    np.testing.assert_allclose(found.growth[:, 0], early.equity[30:] / early.equity[30])
    assert found.growth[0].tolist() == [1.0, 1.0]


def test_a_run_of_another_calendar_is_compared_on_the_bars_that_both_have() -> None:
    every, weekly = make_result(walk(1, 400, 0.01)), make_result(walk(2, 58, 0.01), time=days(400)[::7])
    assert len(common([every, weekly]).time) == 58


def test_hours_and_days_are_compared_by_the_last_equity_of_each_day() -> None:
    hours = days(40)[0] + np.arange(40 * 24).astype("timedelta64[h]")
    within = make_result(walk(1, len(hours), 0.002), time=hours)
    daily = make_result(within.equity[23::24], time=days(40))
    found = common([within, daily])
    assert (found.by_day, len(found.time)) == (True, 40)
    last = pd.Series(within.equity, index=pd.DatetimeIndex(hours)).resample("D").last()
    np.testing.assert_allclose(found.growth[:, 0], last / last.iloc[0])
    np.testing.assert_allclose(found.correlation(), 1.0, err_msg="the same account twice")
    assert not common([within, within]).by_day


def test_days_of_hours_are_those_of_the_exchange() -> None:
    """Forty sessions in Sydney from 23:00 to 04:00 in UTC, beside daily bars of the same account."""
    sessions = (days(40, "2020-01-13")[:, None] + np.arange(23, 29).astype("timedelta64[h]")).ravel()
    within = make_result(walk(1, len(sessions), 0.002), time=sessions, zones=("Australia/Sydney",))
    daily = make_result(within.equity[5::6], time=days(40, "2020-01-14"))
    found = common([within, daily])
    assert len(found.time) == 40
    np.testing.assert_allclose(found.growth[:, 0], found.growth[:, 1])
    hours = common([within, within])
    assert str(hours.days[0]) == "2020-01-14"
    weights = combine(hours, "equal", "monthly")
    assert [str(moment)[:13] for moment in weights.rebalanced] == ["2020-01-13T23", "2020-01-31T04"]


def test_too_few_common_bars_are_a_sentence() -> None:
    first, second = make_result(walk(1, 50, 0.01)), make_result(walk(2, 50, 0.01), time=days(50, "2031-01-01"))
    with pytest.raises(DataError, match="no bar in common"):
        common([first, second])
    with pytest.raises(DataError, match=f"only {MINIMUM_BARS - 1} bars"):
        common([first, make_result(walk(2, MINIMUM_BARS - 1, 0.01))])


def test_correlation_is_that_of_pandas() -> None:
    found = common(runs(1, 2, 3))
    expected = frame(found).pct_change().dropna().corr()
    np.testing.assert_allclose(found.correlation(), expected, atol=1e-12)


def test_a_run_that_never_moved_has_no_correlation() -> None:
    found = common([*runs(1), make_result(np.full(400, 1000.0))]).correlation()
    assert found[0, 0] == 1.0
    assert np.isnan(found[0, 1])
    assert np.isnan(found[1, 1])


def test_equal_weight_that_is_never_rebalanced_is_the_mean_of_the_growths() -> None:
    found = common(runs(1, 2, 3))
    combined = combine(found, "equal", "never")
    np.testing.assert_allclose(combined.growth, frame(found).mean(axis=1))
    assert combined.weights.tolist() == [[1 / 3] * 3]
    assert combined.metrics["total_return"] == pytest.approx(found.growth[-1].mean() - 1)


def monthly(returns: pd.DataFrame, weights: pd.DataFrame) -> pd.Series:
    """Growth of a portfolio whose weights are set at each month's last bar and drift until the next."""
    value, parts = 1.0, weights.iloc[0]
    values = [1.0]
    months = returns.index.to_period("M")
    for place in range(1, len(returns)):
        grown = parts * (1 + returns.iloc[place])
        value *= grown.sum()
        parts = grown / grown.sum()
        values.append(value)
        if place + 1 < len(returns) and months[place + 1] != months[place]:
            parts = weights.iloc[place]
    return pd.Series(values, index=returns.index)


def test_equal_weight_monthly_is_a_portfolio_set_anew_at_each_months_end() -> None:
    found = common(runs(1, 2, 3))
    prices = frame(found)
    expected = monthly(prices.pct_change(), pd.DataFrame(1 / 3, index=prices.index, columns=prices.columns))
    np.testing.assert_allclose(combine(found, "equal", "monthly").growth, expected)


def test_inverse_volatility_monthly_knows_only_the_returns_before() -> None:
    found = common(runs(1, 2, 3))
    returns = frame(found).pct_change()
    inverse = 1 / returns.expanding(min_periods=20).std()
    weights = inverse.div(inverse.sum(axis=1), axis=0).where(inverse.notna(), 1 / 3)
    combined = combine(found, "inverse_volatility", "monthly")
    np.testing.assert_allclose(combined.growth, monthly(returns, weights))
    np.testing.assert_allclose(combined.weights.sum(axis=1), 1.0)
    cut = combine(CommonBars(found.time[:200], found.growth[:200], found.days[:200]), "inverse_volatility", "monthly")
    np.testing.assert_array_equal(combined.growth[:200], cut.growth)


def test_inverse_volatility_that_is_never_rebalanced_takes_all_the_returns() -> None:
    found = common(runs(1, 2))
    inverse = 1 / frame(found).pct_change().std()
    np.testing.assert_allclose(combine(found, "inverse_volatility", "never").weights[0], inverse / inverse.sum())


def test_a_run_that_has_not_moved_does_not_take_everything() -> None:
    found = common([*runs(1), make_result(np.full(400, 1000.0))])
    assert combine(found, "inverse_volatility", "monthly").weights[-1].tolist() == [0.5, 0.5]


def test_one_run_alone_is_itself() -> None:
    found = common(runs(1))
    for weighting, rebalancing in (("equal", "never"), ("inverse_volatility", "monthly")):
        np.testing.assert_allclose(combine(found, weighting, rebalancing).growth, found.growth[:, 0])  # type: ignore[arg-type]


def test_a_run_that_was_ruined_stays_at_nothing_and_takes_its_part_with_it() -> None:
    lost = make_result(np.concatenate((walk(1, 200, 0.01), np.zeros(200))))
    found = common([lost, *runs(2)])
    assert np.isfinite(found.correlation()).all()
    assert combine(found, "equal", "never").growth[-1] == pytest.approx(found.growth[-1, 1] / 2)
    assert np.isfinite(combine(found, "inverse_volatility", "monthly").growth).all()


def test_mean_sharpe_is_that_of_the_runs_on_their_common_bars() -> None:
    """The later run's bars alone; the Sharpe ratio of each by pandas."""
    early, late = make_result(walk(1, 500, 0.01)), make_result(walk(2, 300, 0.01), time=days(500)[200:])
    found = common([early, late])
    returns = frame(found).pct_change().dropna()
    expected = (returns.mean() / returns.std() * np.sqrt(365.2425)).mean()
    assert found.mean_sharpe() == pytest.approx(expected, rel=1e-3)
    assert early.metrics["sharpe"] != pytest.approx(expected, rel=0.05)


def test_without_the_sharpe_ratio_of_a_run_there_is_no_mean() -> None:
    """Not one in which it counts as zero."""
    assert common([make_result(walk(1, 400, 0.01)), make_result(np.full(400, 1000.0))]).mean_sharpe() is None
