"""The statistics against the worked examples of the papers and against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import integrate, stats

from engine.research.statistics import (
    expected_maximum_sharpe,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)

# -- worked examples ------------------------------------------------------------------------------------------------


def test_efficient_frontier_example_of_a_hedge_fund() -> None:
    """Bailey and Lopez de Prado (2012), "The Sharpe ratio efficient frontier", section on two years of monthly data.

    Mean 3.6% and deviation 7.9% a month over 24 months: a Sharpe ratio of 0.458, 1.59 a year. Confidence that it is
    above zero falls from 0.982 under normality to 0.913 with skewness -2.448 and kurtosis 10.164.
    """
    assert 0.458 * math.sqrt(12) == pytest.approx(1.59, abs=5e-3)
    assert probabilistic_sharpe(0.458, 0, 24, 0, 3) == pytest.approx(0.982, abs=5e-4)
    assert probabilistic_sharpe(0.458, 0, 24, -2.448, 10.164) == pytest.approx(0.913, abs=5e-4)


ANNUAL = 250
DAILY = {
    "sharpe": 2.5 / math.sqrt(ANNUAL),
    "variance": 0.5 / ANNUAL,
    "observations": 1250,
    "skewness": -3,
    "kurtosis": 10,
}


def deflated_sharpe(*, variance: float, trials: int, **run: float) -> float:
    """As the verdict takes it: against the best of as many skilless trials."""
    return probabilistic_sharpe(benchmark=expected_maximum_sharpe(variance, trials), **run)  # type: ignore[arg-type]


def test_deflated_sharpe_example() -> None:
    """Bailey and Lopez de Prado (2014), "The deflated Sharpe ratio": the numerical example.

    Five years of 250 days with an annual Sharpe ratio of 2.5, skewness -3 and kurtosis 10, the best of 100 trials
    whose annual ratios have a variance of 0.5: skilless trials reach 0.1132 a day, and the deflated ratio is 0.9004.
    """
    assert expected_maximum_sharpe(DAILY["variance"], 100) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(**DAILY, trials=100) == pytest.approx(0.9004, abs=5e-5)


def test_deflated_sharpe_example_at_fewer_trials() -> None:
    """The same paper: after 46 trials the ratio would have been 0.9505, and so passed 95%."""
    assert deflated_sharpe(**DAILY, trials=46) == pytest.approx(0.9505, abs=5e-5)


@pytest.mark.parametrize(("a_year", "years"), [(252, 2.73), (52, 2.83), (12, 3.24)])
def test_minimum_track_record_examples(a_year: int, years: float) -> None:
    """Bailey and Lopez de Prado (2012), section on the minimum track record length.

    An annual Sharpe ratio of 2 is told from one of 1 with 95% confidence after 2.73 years of daily returns, 2.83 of
    weekly and 3.24 of monthly ones, where those are independent and normal.
    """
    root = math.sqrt(a_year)
    assert minimum_track_record(2 / root, 1 / root, 0, 3) / a_year == pytest.approx(years, abs=5e-3)


def test_minimum_track_record_example_with_tails() -> None:
    """The same paper: with skewness -0.72 and kurtosis 5.78, as hedge funds have, 4.99 years of monthly returns."""
    root = math.sqrt(12)
    assert minimum_track_record(2 / root, 1 / root, -0.72, 5.78) / 12 == pytest.approx(4.99, abs=5e-3)


# -- independent computations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("trials", [2, 5, 20, 100, 1000])
def test_expected_maximum_is_that_of_normal_draws(trials: int) -> None:
    """E[max] = integral of x N phi(x) Phi(x)^(N-1); the papers' formula is close to it from a few trials on."""

    def density(x: float) -> float:
        return float(x * trials * stats.norm.pdf(x) * stats.norm.cdf(x) ** (trials - 1))

    exact, _ = integrate.quad(density, -12, 12)
    assert expected_maximum_sharpe(1.0, trials) == pytest.approx(exact, rel=0.08 if trials < 5 else 0.03)


def test_probability_is_that_of_simulated_samples() -> None:
    """The share of samples whose ratio stays below what was seen, drawn with the benchmark as the true ratio."""
    random = np.random.default_rng(0)
    benchmark, seen, count = 0.05, 0.12, 500
    samples = random.normal(benchmark, 1, (4000, count))
    ratios = samples.mean(axis=1) / samples.std(axis=1, ddof=1)
    assert probabilistic_sharpe(seen, benchmark, count, 0, 3) == pytest.approx(np.mean(ratios < seen), abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_moments_agree_with_scipy(seed: int) -> None:
    returns = np.random.default_rng(seed).standard_t(5, 800) * 0.01 + 0.001
    sharpe, skewness, kurtosis = moments(returns)
    assert sharpe == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert skewness == pytest.approx(stats.skew(returns))
    assert kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))


def test_moments_of_normal_returns_are_zero_and_three() -> None:
    _, skewness, kurtosis = moments(np.random.default_rng(1).normal(0, 1, 200_000))
    assert skewness == pytest.approx(0, abs=0.03)
    assert kurtosis == pytest.approx(3, abs=0.06)


def test_probability_agrees_with_quantstats() -> None:
    from quantstats import stats as theirs

    returns = np.random.default_rng(4).normal(0.0008, 0.01, 1500)
    import pandas

    series = pandas.Series(returns, index=pandas.bdate_range("2015-01-01", periods=1500))
    sharpe, skewness, kurtosis = moments(returns)
    # It takes kurtosis in excess and samples' moments; both differences are small here.
    expected = theirs.probabilistic_sharpe_ratio(series)
    assert probabilistic_sharpe(sharpe, 0, 1500, skewness, kurtosis) == pytest.approx(expected, abs=5e-3)


# -- properties -----------------------------------------------------------------------------------------------------

RATIOS = some.floats(-0.5, 0.5)


@given(RATIOS, RATIOS, some.integers(2, 10_000), some.floats(-5, 5), some.floats(1, 50))
def test_probability_lies_between_zero_and_one(sharpe: float, against: float, n: int, skew: float, kurt: float) -> None:
    assert 0 <= probabilistic_sharpe(sharpe, against, n, skew, kurt) <= 1


@given(RATIOS, some.integers(2, 10_000), some.floats(-2, 2), some.floats(3, 20))
def test_ratio_against_itself_is_a_coin(sharpe: float, n: int, skew: float, kurt: float) -> None:
    assert probabilistic_sharpe(sharpe, sharpe, n, skew, kurt) == 0.5


@given(some.floats(1e-6, 1), some.integers(1, 10_000))
def test_more_trials_expect_more_luck(variance: float, trials: int) -> None:
    assert expected_maximum_sharpe(variance, trials) <= expected_maximum_sharpe(variance, trials + 1)


@given(some.floats(0.01, 0.5), some.floats(-0.2, 0.0), some.floats(-2, 2), some.floats(3, 20), some.floats(0.6, 0.99))
def test_track_record_is_where_the_probability_reaches_the_confidence(
    sharpe: float, against: float, skew: float, kurt: float, confidence: float
) -> None:
    least = minimum_track_record(sharpe, against, skew, kurt, confidence)
    n = math.ceil(least)
    assert probabilistic_sharpe(sharpe, against, n, skew, kurt) >= confidence - 1e-9
    if n > 2:
        assert probabilistic_sharpe(sharpe, against, n - 1, skew, kurt) < confidence + 1e-9


def test_no_track_record_is_long_enough_for_a_ratio_at_its_benchmark() -> None:
    assert minimum_track_record(0.1, 0.1, 0, 3) == math.inf
    assert minimum_track_record(0.05, 0.1, 0, 3) == math.inf


def test_more_trials_more_observations_and_worse_tails_move_the_right_way() -> None:
    base = deflated_sharpe(**DAILY, trials=100)
    assert deflated_sharpe(**DAILY, trials=200) < base
    assert deflated_sharpe(**DAILY | {"observations": 2500}, trials=100) > base
    assert deflated_sharpe(**DAILY | {"kurtosis": 20}, trials=100) < base
    assert deflated_sharpe(**DAILY | {"skewness": 0}, trials=100) > base


def test_one_trial_is_the_probabilistic_ratio() -> None:
    assert expected_maximum_sharpe(0.5, 1) == 0
    assert expected_maximum_sharpe(0.5, 0) == 0
    one = deflated_sharpe(**DAILY, trials=1)
    assert one == probabilistic_sharpe(DAILY["sharpe"], 0, 1250, -3, 10)


def test_trials_that_do_not_differ_expect_nothing() -> None:
    assert expected_maximum_sharpe(0, 100) == 0


@pytest.mark.parametrize(
    "returns", [[], [0.1], [0.1, 0.2], [0.0] * 50, [0.1] * 50, [1e-3] * 49], ids=["0", "1", "2", "zero", "0.1", "1e-3"]
)
def test_returns_that_do_not_vary_have_no_moments(returns: list[float]) -> None:
    with pytest.raises(ValueError, match="do not vary"):
        moments(np.array(returns))
