"""Distribution, dynamics and redundancy of features, against SciPy, statsmodels and hand calculations."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.feature_selection import mutual_info_regression
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.tools.sm_exceptions import InterpolationWarning
from statsmodels.tsa.stattools import acf, adfuller, kpss

from engine.research.features.distribution import distributions, fifth_of, fifth_returns
from engine.research.features.dynamics import drift, dynamics, stationarity
from engine.research.features.panel import Grid
from engine.research.features.redundancy import inflation, mutual_information, redundancy
from tests.engine.research.features.test_information import grid

RANDOM = np.random.default_rng(11)
WALK = np.cumsum(RANDOM.normal(size=2_000))
NOISE = RANDOM.standard_t(6, 2_000)


def test_moments_quantiles_and_bins() -> None:
    values = np.column_stack((NOISE, np.full(2_000, np.nan), np.full(2_000, 7.0)))
    values[100:150, 0] = np.nan
    settled = np.arange(2_000)[:, None] >= np.array([50, 0, 0])
    values[:50, 0] = np.nan
    found = distributions(values, settled)
    known = values[150:, 0]
    assert found.missing.tolist() == [pytest.approx(50 / 1950), 1.0, 0.0]
    assert found.mean[0] == pytest.approx(known[~np.isnan(known)].mean(), rel=0.2)
    own = values[np.isfinite(values[:, 0]), 0]
    expected = (own.mean(), own.std(ddof=1), stats.skew(own), stats.kurtosis(own, fisher=False))
    assert (found.mean[0], found.deviation[0], found.skewness[0], found.kurtosis[0]) == pytest.approx(expected)
    assert found.quantiles[0] == pytest.approx(np.percentile(own, (0, 25, 50, 75, 100)))
    assert found.counts[0].sum() == len(own)
    assert found.counts[2].sum() == 2_000
    assert np.isnan(found.mean[1])
    assert np.isnan(found.skewness[2])


def test_fifths_and_the_returns_on_them_by_hand() -> None:
    values, returns = np.arange(10.0), np.arange(10.0) / 100
    assert fifth_of(values[:, None], across=False)[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    means, counts = fifth_returns(values[:, None], returns, grid(10, 1), across=False)
    assert means[0] == pytest.approx([0.005, 0.025, 0.045, 0.065, 0.085])
    assert counts[0].tolist() == [2] * 5
    panel = np.array([[5.0, 4, 3, 2, 1], [1, 2, 3, 4, np.nan]])
    assert fifth_of(panel, across=True).tolist() == [[4, 3, 2, 1, 0], [1, 2, 3, 4, -1]]


def test_autocorrelation_and_tests_of_stationarity() -> None:
    found = dynamics(np.column_stack((WALK, NOISE)), grid(2_000, 1), False, seed=0)
    for place, values in enumerate((WALK, NOISE)):
        assert found.autocorrelation[place] == pytest.approx(acf(values, nlags=40, fft=True)[1:], abs=1e-9)
    assert found.unit_root[0] > 0.05 > 0.001 > found.unit_root[1]
    assert found.stationary[0] < 0.02 < 0.05 < found.stationary[1]
    assert found.turnover[1] == pytest.approx(0.8, abs=0.03)  # of noise: four of the five are others
    assert found.turnover[0] < 0.2
    assert np.isnan(stationarity(np.full(500, 3.0))).all()
    assert np.isnan(stationarity(NOISE[:50])).all()


def test_a_symbols_bars_follow_on_one_another_whatever_days_others_trade_on() -> None:
    """Of one that trades on five days of seven beside one that trades on all, lag 1 reaches over the weekend."""
    date = np.flatnonzero(np.arange(2_000) % 7 < 5)
    slow = np.convolve(RANDOM.normal(size=len(date) + 19), np.ones(20), "valid")
    both = Grid(2_000, ("ALL", "FIVE"), np.concatenate((np.arange(2_000), date)), np.repeat([0, 1], [2_000, len(date)]))
    found = dynamics(np.concatenate((NOISE, slow))[:, None], both, False, seed=0)
    expected = [acf(values, nlags=40, fft=True)[1:] for values in (NOISE, slow)]
    assert found.autocorrelation[0] == pytest.approx(np.mean(expected, axis=0), abs=1e-9)
    fifths = [fifth_of(values[:, None], False)[:, 0] for values in (NOISE, slow)]
    moved = np.concatenate([np.diff(fifth) != 0 for fifth in fifths])
    assert found.turnover[0] == pytest.approx(moved.mean(), abs=1e-12)


def test_drift_is_measured_against_halves_that_are_alike() -> None:
    psi, ks, p_value = drift(NOISE[:, None], 0)
    assert psi < 0.05
    expected = stats.ks_2samp(NOISE[:1000], NOISE[1000:]).statistic
    assert ks == pytest.approx(expected, abs=0.02)
    assert p_value > 0.05
    moved = np.concatenate((NOISE[:1000], NOISE[1000:] + 1))
    psi, ks, p_value = drift(moved[:, None], 0)
    assert psi > 0.25
    assert ks > 0.25
    assert p_value <= 0.02
    wide = np.column_stack((moved, moved[::-1] * 0 + NOISE))
    assert drift(wide, 0)[1] == pytest.approx(ks / 2, abs=0.06)


def test_psi_by_hand() -> None:
    """Tenths of the first half hold a tenth each; of the second the lowest five hold a fifth each."""
    first, second = np.arange(200.0), np.repeat(np.arange(100.0), 2)
    expected = 5 * (0.2 - 0.1) * np.log(2) + 5 * (1e-4 - 0.1) * np.log(1e-3)
    assert drift(np.concatenate((first, second))[:, None], 0)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_psi_of_a_flag_that_is_on_for_most_of_the_first_half(sign: int) -> None:
    """It fills every tenth, and still it is told from its contrary, on whichever side that lies."""
    flag = np.concatenate((np.arange(1_000) % 20 > 0, np.arange(1_000) % 20 == 0)).astype(float)
    psi, ks, _ = drift(sign * flag[:, None], 0)
    assert psi == pytest.approx(2 * 0.9 * np.log(0.95 / 0.05))
    assert ks == pytest.approx(0.9)


def test_a_slow_series_is_not_called_drifting_as_often_as_by_the_usual_test() -> None:
    usual = block = 0
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=1_040)
        slow = np.convolve(noise, np.ones(41), "valid")
        usual += stats.ks_2samp(slow[:500], slow[500:]).pvalue < 0.05
        block += drift(slow[:, None], seed)[2] < 0.05
    assert usual > 20
    assert block <= 8


def test_redundancy() -> None:
    x, y = RANDOM.normal(size=(2, 800))
    values = np.column_stack((x, y, x + 0.5 * y + 0.3 * RANDOM.normal(size=800)))
    centred = np.column_stack((values, np.ones(800)))
    expected = [variance_inflation_factor(centred, place) for place in range(3)]
    assert inflation(values) == pytest.approx(expected)
    assert inflation(np.column_stack((x, 2 * x + 1, y)))[:2].tolist() == [np.inf, np.inf]
    assert np.isnan(inflation(np.column_stack((x, np.full(800, 5.0))))[1])
    label = np.where(np.arange(800) < 790, x, np.nan)
    found = redundancy(values, label, "regression", 3)
    assert found.correlation == pytest.approx(stats.spearmanr(values)[0], abs=1e-12)
    alone = [mutual_info_regression(values[:790, [place]], x[:790], random_state=3)[0] for place in range(3)]
    assert found.mutual_information == pytest.approx(alone)
    assert found.mutual_information[0] > 1 > 0.2 > found.mutual_information[1]
    assert (found.rows, found.labelled) == (800, 790)
    assert sorted(found.order.tolist()) == [0, 1, 2]
    one = redundancy(values[:, :1], (x > 0).astype(float), "binary", 0)
    assert one.correlation.tolist() == [[1.0]]
    assert one.mutual_information[0] == pytest.approx(np.log(2), abs=0.05)
    few = redundancy(values[:3], label[:3], "regression", 0)
    assert np.isnan(few.correlation).all()


@pytest.mark.parametrize(("level", "scale"), [(0.0, 1.0), (1e8, 1.0), (0.0, 1e-9), (-5e12, 1e3)])
def test_tests_of_stationarity_are_those_of_statsmodels_at_any_level(level: float, scale: float) -> None:
    """KPSS of statsmodels ends at the edges of its table: what lies beyond is compared with the edge."""
    for values in (WALK[:600], NOISE[:600], WALK[:600] + 20 * NOISE[:600]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InterpolationWarning)
            expected = kpss(values, regression="c", nlags="auto", result_object=False)[1]
        unit_root, stationary = stationarity(level + scale * values)
        assert unit_root == pytest.approx(
            adfuller(values, regression="c", autolag="AIC", result_object=False)[1], abs=1e-5
        )
        assert np.clip(stationary, 0.01, 0.1) == pytest.approx(expected, abs=0.004)


def test_mutual_information_is_what_it_is_by_definition() -> None:
    """Of normal values -log(1 - rho^2) / 2; of a flag and a class the sum over their table."""
    random = np.random.default_rng(2)
    first, second = random.normal(size=(2, 4_000))
    answer = 0.8 * first + 0.6 * second
    found = mutual_information(np.column_stack((first, 1e6 * first + 1e9, second[::-1])), answer, "regression", 0)
    assert found[:2] == pytest.approx([-0.5 * np.log(1 - 0.64)] * 2, abs=0.03)
    assert found[2] < 0.02
    flag = (random.random(4_000) < 0.05).astype(float)
    label = np.where(random.random(4_000) < 0.9, flag, 1 - flag)
    table = np.array([[((flag == a) & (label == b)).mean() for b in (0, 1)] for a in (0, 1)])
    expected = (table * np.log(table / np.outer(table.sum(axis=1), table.sum(axis=0)))).sum()
    assert mutual_information(flag[:, None], label, "binary", 0)[0] == pytest.approx(expected, abs=0.01)
