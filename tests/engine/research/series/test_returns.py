"""Distribution and dependence of returns, against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.stattools import acf

from engine.core.errors import DataError
from engine.research.series.returns import autocorrelation, fitted, normal_quantiles, simple_returns, tails
from tests.support.market import make_bars, random_walk


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(1).standard_t(4, 3_000) * 0.01


def test_the_fits_are_those_of_scipy_and_count_every_return(values: np.ndarray) -> None:
    found = fitted(values)
    assert found.counts.sum() == len(values)
    assert found.normal.sum() == pytest.approx(len(values))
    assert found.student.sum() == pytest.approx(len(values))
    assert 3 < found.degrees < 5.5
    inside = (values > found.edges[40]) & (values < found.edges[41])
    assert found.counts[40] == inside.sum()
    share = np.diff(stats.norm.cdf(found.edges[40:42], values.mean(), values.std(ddof=1)))[0]
    assert found.normal[40] == pytest.approx(share * len(values))


def test_tails_are_counted_by_hand() -> None:
    values = np.concatenate((np.tile([-1.0, 1.0], 500), [-4.5, 3.5, 6.0]))
    found = tails(values)
    assert [(tail.below, tail.above) for tail in found] == [(1, 2), (1, 1), (0, 1)]
    assert found[0].expected == pytest.approx(2 * stats.norm.cdf(-3) * len(values))


def test_quantiles_keep_both_ends(values: np.ndarray) -> None:
    expected, observed = normal_quantiles(values)
    score = np.sort(stats.zscore(values, ddof=1))
    np.testing.assert_allclose(observed[[0, 1, -2, -1]], score[[0, 1, -2, -1]])
    assert expected[0] == pytest.approx(stats.norm.ppf(0.5 / len(values)))
    assert len(expected) <= 600


def test_autocorrelation_is_that_of_statsmodels(values: np.ndarray) -> None:
    found = autocorrelation(values)
    np.testing.assert_allclose(found.returns, acf(values, nlags=40)[1:], atol=1e-12)
    np.testing.assert_allclose(found.sizes, acf(np.abs(values), nlags=40)[1:], atol=1e-12)
    expected = acorr_ljungbox(values, lags=[10])["lb_pvalue"].iloc[0]
    assert found.p_value == pytest.approx(expected)
    assert found.band == pytest.approx(1.96 / np.sqrt(len(values)), rel=1e-4)


def test_returns_follow_positive_closes() -> None:
    bars = random_walk(40)
    bars.close[5], bars.close[9] = np.nan, -1.0
    found = simple_returns(bars)
    known = np.flatnonzero(bars.close > 0)
    np.testing.assert_allclose(found.value, bars.close[known][1:] / bars.close[known][:-1] - 1)


@pytest.mark.parametrize(("close", "why"), [([5.0], "0 returns"), ([5.0] * 50, "does not move"), ([-5.0] * 50, "0 re")])
def test_what_has_no_returns_is_refused_in_a_sentence(close: list[float], why: str) -> None:
    with pytest.raises(DataError, match=why):
        simple_returns(make_bars(close))
