"""The distribution of returns, by hand and against pandas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, skew

from engine.backtest.reports.distribution import distribution, expected_shortfall, value_at_risk


def returns(count: int = 2500) -> np.ndarray:
    return np.random.default_rng(9).standard_t(4, count) * 0.01


def test_value_at_risk_and_shortfall_by_hand() -> None:
    values = np.arange(-10.0, 11.0) / 100  # 21 values: the quantile of 5% is the second
    assert value_at_risk(values) == pytest.approx(-0.09)
    assert expected_shortfall(values) == pytest.approx(-0.095)


def test_they_are_those_of_pandas() -> None:
    values = returns()
    series = pd.Series(values)
    limit = series.quantile(0.05)
    assert value_at_risk(values) == pytest.approx(limit)
    assert expected_shortfall(values) == pytest.approx(series[series <= limit].mean())


def test_shortfall_is_no_better_than_value_at_risk() -> None:
    values = returns(300)
    for level in (0.9, 0.95, 0.99):
        assert expected_shortfall(values, level) <= value_at_risk(values, level)


def test_every_drawn_return_is_in_a_bin() -> None:
    values = returns()
    drawn = np.arange(len(values)) % 3 > 0
    found = distribution(values, drawn)
    assert found.counts.sum() == found.drawn == drawn.sum()
    assert found.total == len(values)
    assert len(found.edges) == len(found.counts) + 1 == 61
    assert found.normal.sum() == pytest.approx(found.drawn)


def test_the_figures_are_those_of_all_returns() -> None:
    values = returns()
    found = distribution(values, values > 0)
    assert found.mean == pytest.approx(values.mean())
    assert found.deviation == pytest.approx(values.std(ddof=1))
    assert found.skew == pytest.approx(skew(values))
    assert found.value_at_risk == pytest.approx(value_at_risk(values))


def test_the_normal_curve_is_that_of_scipy() -> None:
    values = returns()
    found = distribution(values, np.ones(len(values), dtype=bool))
    below = norm.cdf(found.edges, values.mean(), values.std(ddof=1))
    below[0], below[-1] = 0, 1
    assert found.normal == pytest.approx(len(values) * np.diff(below), abs=1e-6)


def test_returns_that_never_vary_have_a_distribution_too() -> None:
    found = distribution(np.zeros(10), np.zeros(10, dtype=bool))
    assert (found.drawn, found.counts.sum(), found.deviation) == (10, 10, 0)
    assert np.isnan(found.skew)
    assert not found.normal.any()
