"""Information coefficients and their errors, against SciPy and on noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.market.bars import Floats
from engine.research.features.information import half_width, information, mean_test, rank_products, transforms
from engine.research.features.panel import Grid
from engine.research.features.result import Information


def grid(dates: int, symbols: int) -> Grid:
    names = tuple(f"S{place}" for place in range(symbols))
    date, symbol = np.tile(np.arange(dates), symbols), np.repeat(np.arange(symbols), dates)
    return Grid(dates, names, date, symbol)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9_999), count=st.integers(25, 200), ties=st.booleans(), share=st.floats(0, 0.3))
def test_of_one_symbol_it_is_spearmans_correlation(seed: int, count: int, ties: bool, share: float) -> None:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(2, count))
    x, y = (np.rint(2 * x), np.rint(2 * y)) if ties else (x, x + y)
    x[random.random(count) < share], y[random.random(count) < share] = np.nan, np.nan
    found = information(x[:, None], [y], (1,), grid(count, 1))
    known = np.isfinite(x) & np.isfinite(y)
    assert not found.across
    if known.sum() >= 20:
        assert found.ic[0, 0] == pytest.approx(stats.spearmanr(x[known], y[known])[0], abs=1e-12)


def test_of_many_symbols_it_is_the_mean_over_dates() -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(size=(2, 60, 15))
    x[random.random(x.shape) < 0.1] = np.nan
    x[7, 4:] = np.nan  # too few symbols
    found = information(x.T.ravel()[:, None], [y.T.ravel()], (1,), grid(60, 15))
    expected = []
    for one, other in zip(x, y, strict=True):
        known = np.isfinite(one)
        if known.sum() >= 10:
            expected.append(stats.spearmanr(one[known], other[known])[0])
    assert found.across
    assert 50 < len(expected) < 60
    assert found.ic[0, 0] == pytest.approx(np.mean(expected), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9_999), shorter=st.integers(25, 200))
def test_over_time_symbols_count_alike_however_long_they_have_traded(seed: int, shorter: int) -> None:
    """Products of ranks of unlike numbers of dates, averaged date by date, would reach beyond 1."""
    random, count = np.random.default_rng(seed), 200
    x = [np.cumsum(random.normal(size=length)) for length in (count, shorter)]
    y = [one + random.normal(size=len(one)) for one in x]
    date = np.concatenate([np.arange(count), np.arange(count - shorter, count)])
    both = Grid(count, ("OLD", "NEW"), date, np.repeat([0, 1], [count, shorter]))
    found = information(np.concatenate(x)[:, None], [np.concatenate(y)], (1,), both)
    expected = [stats.spearmanr(one, other)[0] for one, other in zip(x, y, strict=True)]
    assert found.ic[0, 0] == pytest.approx(np.mean(expected), abs=1e-12)


def test_independent_values_have_the_error_of_a_mean() -> None:
    products = np.random.default_rng(1).normal(0.1, 2, 40_000)
    mean, error, p_value, degrees = mean_test(products, 1)
    assert mean == products.mean()
    assert error == pytest.approx(2 / 200, rel=0.1)
    assert degrees == int(0.4 * 40_000 ** (2 / 3))
    assert p_value == pytest.approx(2 * stats.t.sf(mean / error, degrees))


def test_the_error_knows_that_values_overlap() -> None:
    """A moving average over 50 values: the variance of its mean is that of independent values of its long-run size."""
    noise = np.random.default_rng(2).normal(size=200_049)
    smooth = np.convolve(noise, np.ones(50), "valid")
    assert mean_test(smooth, 50)[1] == pytest.approx(50 / np.sqrt(len(smooth)), rel=0.15)


def test_fewer_transforms_where_they_overlap_longer() -> None:
    assert [transforms(5_000, horizon) for horizon in (1, 5, 20, 100)] == [116, 116, 62, 12]
    assert transforms(100, 100) == 4


@pytest.mark.parametrize("horizon", [1, 20, 100])
@pytest.mark.parametrize("window", [1, 60])
def test_noise_is_called_significant_as_often_as_stated(horizon: int, window: int) -> None:
    """Of features without a relation 5% are, whether they move fast or slowly; ``tests.benchmarks`` asks closely."""
    found = np.mean([noise_p_values(seed, horizon, window) < 0.05 for seed in range(40)])
    assert 0.025 <= found <= 0.08


def noise_p_values(seed: int, horizon: int, window: int, columns: int = 20) -> Floats:
    random = np.random.default_rng([seed, horizon, window])
    noise = np.cumsum(random.normal(size=(1_500 + window, columns)), axis=0)
    prices = np.cumsum(random.standard_t(5, 1_500 + horizon))
    returns = np.where(np.arange(1_500) < 1_500, prices[horizon:] - prices[:-horizon], np.nan)
    return information(noise[window:] - noise[:-window], [returns], (horizon,), grid(1_500, 1)).p_value[:, 0]


@pytest.mark.parametrize("values", [np.full(100, 3.0), np.full(100, np.nan), np.arange(100.0)])
def test_what_does_not_vary_or_is_not_known_has_none(values: Floats) -> None:
    found = information(values[:, None], [np.full(100, 0.01)], (1,), grid(100, 1))
    assert np.isnan(found.ic).all()
    assert np.isnan(found.p_value).all()
    assert len(rank_products(values[:, None], np.full((100, 1), 0.01), across=False)) == 0


def test_the_band_and_the_correction() -> None:
    ic, error, p_value, degrees = (np.array([[value]]) for value in (0.1, 0.05, 0.01, 10.0))
    found = Information((1,), False, ic, error, p_value, degrees, half_width(error, degrees))
    low, high = found.band()
    assert (low[0, 0], high[0, 0]) == pytest.approx((0.1 - 2.228139 * 0.05, 0.1 + 2.228139 * 0.05), rel=1e-6)
    assert found.corrected(1)[0, 0] == pytest.approx(0.01)
    assert found.corrected(50)[0, 0] == pytest.approx(1 - 0.99**50)
