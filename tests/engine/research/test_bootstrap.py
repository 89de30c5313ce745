"""The bootstrap: it covers the truth, and is arch's."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.research.bootstrap import block_length, resample


def normal(seed: int, count: int = 500, mean: float = 0.0004) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.01, count)


def autocorrelated(seed: int, count: int = 600, rho: float = 0.3) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(0, 0.01 * np.sqrt(1 - rho**2), count)
    found = np.empty(count)
    before = 0.0
    for index, shock in enumerate(shocks):
        before = rho * before + shock
        found[index] = before
    return found + 0.0004


@pytest.mark.parametrize("draw", [normal, autocorrelated])
def test_intervals_cover_the_true_ratio(draw: object) -> None:
    """Of 200 samples 95% should; the standard error of that share is 1.5 points, and short samples lose two more."""
    truth, covered = 0.04 * np.sqrt(252), 0
    for seed in range(200):
        low, high = resample(draw(seed), 252, 200, seed).interval("sharpe")  # type: ignore[operator]
        covered += low <= truth <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_interval_is_that_of_the_normal_theory() -> None:
    """Lo (2002): the standard error of a ratio per bar is sqrt((1 + SR^2 / 2) / n)."""
    returns = normal(3, 2000)
    found = resample(returns, 252, 2000, 0)
    error = np.sqrt((1 + (returns.mean() / returns.std()) ** 2 / 2) / 2000) * np.sqrt(252)
    assert found.sharpe.std() == pytest.approx(error, rel=0.1)
    assert np.median(found.sharpe) == pytest.approx(returns.mean() / returns.std() * np.sqrt(252), abs=0.1)


def test_growth_follows_from_the_logarithms() -> None:
    returns = normal(5, 756)
    found = resample(returns, 252, 500, 0)
    assert np.median(found.cagr) == pytest.approx(np.prod(1 + returns) ** (1 / 3) - 1, abs=0.03)
    low, high = found.interval("cagr", 0.9)
    wider = found.interval("cagr", 0.99)
    assert wider[0] < low < high < wider[1]


def test_same_seed_same_samples() -> None:
    one, other, third = (resample(normal(1), 252, 50, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.sharpe, other.sharpe)
    assert (one.sharpe != third.sharpe).any()
    assert (np.diff(one.sharpe) >= 0).all()
    assert (np.diff(one.cagr) >= 0).all()


def test_block_is_that_of_arch_and_longer_for_returns_that_follow_one_another() -> None:
    from arch.bootstrap import optimal_block_length

    returns = autocorrelated(0, rho=0.6)
    assert block_length(returns) == pytest.approx(float(optimal_block_length(returns)["stationary"].iloc[0]))
    assert block_length(returns) > 2 * block_length(normal(0, 600))


def test_returns_that_never_move_give_zero() -> None:
    found = resample(np.zeros(100), 252, 20, 0)
    assert (found.sharpe == 0).all()
    assert (found.cagr == 0).all()


def test_ruin_is_a_number() -> None:
    returns = normal(0, 100)
    returns[50] = -1.0
    found = resample(returns, 252, 50, 0)
    assert np.isfinite(found.sharpe).all()
    assert (found.cagr >= -1).all()


def test_few_returns_are_said() -> None:
    with pytest.raises(DataError, match="19 returns are too few"):
        resample(normal(0, 19), 252, 10, 0)
