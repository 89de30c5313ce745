"""Correlations of returns, against pandas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engine.core.errors import DataError
from engine.market.panel import ClosePanel
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.research.series import correlation
from engine.research.series.correlation import (
    cluster_order,
    correlations,
    pearson_correlation,
    period_returns,
    rank_correlation,
    rolling_correlation,
)
from tests.support.market import days, make_bars


def panel(close: np.ndarray, first: str = "2020-01-01") -> ClosePanel:
    time = days(len(close), first)
    names = tuple(f"S{column}" for column in range(close.shape[1]))
    return ClosePanel(time, names, close, time.astype("datetime64[D]"))


@pytest.fixture
def returns() -> np.ndarray:
    random = np.random.default_rng(3)
    values = random.normal(0.001, 0.02, (300, 6)) + random.normal(0, 0.02, (300, 1))
    values[random.random(values.shape) < 0.1] = np.nan
    values[:200, 5] = np.nan
    return values


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_pairs_correlate_as_pandas_says(returns: np.ndarray, method: str, missing: bool) -> None:
    values = returns if missing else np.nan_to_num(returns)
    found, counts = (pearson_correlation if method == "pearson" else rank_correlation)(values)
    expected = pd.DataFrame(values).corr(method=method)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    known = np.isfinite(values).astype(int)
    np.testing.assert_array_equal(counts, known.T @ known)


def test_a_pair_without_common_days_or_that_never_moves_has_none(returns: np.ndarray) -> None:
    values = returns[:, :4].copy()
    values[:150, 0], values[150:, 1], values[:, 2] = np.nan, np.nan, 0.01
    found, counts = pearson_correlation(values)
    assert np.isnan(found[0, 1])
    assert counts[0, 1] == 0
    assert np.isnan(found[2]).all()
    assert found[3, 3] == 1


def test_too_many_different_days_are_refused_in_a_sentence(
    returns: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correlation, "_MAXIMUM_RANKED", 100)
    with pytest.raises(DataError, match="choose Pearson"):
        rank_correlation(returns)
    rank_correlation(np.nan_to_num(returns))


@pytest.mark.parametrize(("every", "rule"), [("day", "D"), ("week", "W-SUN"), ("month", "M")])
def test_returns_of_a_symbol_do_not_depend_on_the_others(every: str, rule: str) -> None:
    random = np.random.default_rng(4)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (150, 3)), axis=0))
    close[random.random(close.shape) < 0.2] = np.nan
    close[:40, 2] = np.nan
    time, found = period_returns(panel(close), every)  # type: ignore[arg-type]
    for column in range(3):
        series = pd.Series(close[:, column], pd.DatetimeIndex(days(150)).to_period(rule)).dropna()
        expected = series.groupby(level=0).last().pct_change().dropna()
        np.testing.assert_allclose(found[np.isfinite(found[:, column]), column], expected)
    assert len(time) == len(found)


def test_a_return_on_a_price_that_is_not_positive_is_undefined() -> None:
    _, found = period_returns(panel(np.array([[1.0], [-2.0], [4.0], [5.0]])), "bar")
    np.testing.assert_allclose(found[:, 0], [-3.0, np.nan, 0.25])


def test_groups_become_neighbours() -> None:
    random = np.random.default_rng(5)
    factors = random.normal(size=(500, 2))
    values, _ = pearson_correlation(factors[:, [0, 1, 0, 1, 0, 1]] + random.normal(0, 0.3, (500, 6)))
    order = cluster_order(values).tolist()
    assert {frozenset(order[:3]), frozenset(order[3:])} == {frozenset({0, 2, 4}), frozenset({1, 3, 5})}


def test_rolling_correlation_is_that_of_the_common_returns_in_the_window(returns: np.ndarray) -> None:
    time = days(300)
    found = rolling_correlation(time, returns[:, 0], returns[:, 1], 20)
    common = np.isfinite(returns[:, :2]).all(axis=1)
    one, other = returns[common, 0], returns[common, 1]
    assert found.time.tolist() == time[common].tolist()
    assert np.isnan(found.rolling[:19]).all()
    expected = [stats.pearsonr(one[i - 20 : i], other[i - 20 : i])[0] for i in range(20, len(one) + 1)]
    np.testing.assert_allclose(found.rolling[19:], expected, atol=1e-9)
    assert found.whole == pytest.approx(stats.pearsonr(one, other)[0])


def test_symbols_that_do_not_overlap_are_refused() -> None:
    first, second = np.array([0.1, np.nan, 0.2]), np.array([np.nan, 0.1, 0.3])
    with pytest.raises(DataError, match="1 returns in common"):
        rolling_correlation(days(3), first, second, 20)


def test_stored_symbols_are_correlated_once() -> None:
    random = np.random.default_rng(6)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (60, 2)), axis=0))
    for column, symbol in enumerate(("ONE", "TWO")):
        save(make_bars(close[:, column], symbol=symbol))
    spec = MarketSpec(collection="made-up", symbols=("ONE", "TWO"))
    found = correlations(spec, "day", "pearson")
    expected = np.corrcoef(close[1:, 0] / close[:-1, 0] - 1, close[1:, 1] / close[:-1, 1] - 1)
    np.testing.assert_allclose(found.values, expected)
    again = correlations(spec, "day", "pearson")
    np.testing.assert_array_equal(again.values, found.values)
    assert again.counts.tolist() == [[59, 59], [59, 59]]
    assert sorted(again.order.tolist()) == [0, 1]


def test_one_symbol_is_refused() -> None:
    with pytest.raises(DataError, match="two symbols"):
        correlations(MarketSpec(), "day", "pearson")
