"""Drift: distances against scipy, false alarms on noise that follows on itself, and shifts that are found."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import ks_2samp, wasserstein_distance

from engine.market.bars import Floats
from engine.research.service.drift import LEAST, Period, _block, _drawn, drift, ks, psi, wasserstein
from engine.research.service.persistence import autocorrelation, error_of_difference

numbers = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(numbers, numbers)
def test_distances_are_those_of_scipy(first: list[float], second: list[float]) -> None:
    one, other = np.array(first, dtype=np.float64), np.array(second, dtype=np.float64)
    assert wasserstein(one, other) == pytest.approx(wasserstein_distance(one, other), rel=1e-9, abs=1e-6)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # of its p-value
        assert ks(one, other) == pytest.approx(ks_2samp(one, other).statistic, abs=1e-12)


def test_stability_index_of_shares_that_are_known() -> None:
    """Half of the values move from the lower five tenths to the upper five: each tenth from 0.1 to 0.05 or 0.15."""
    first = np.arange(1000.0)
    second = np.concatenate([np.arange(0, 500, 2.0), np.arange(500, 1000.0), np.arange(500, 1000, 2.0)])
    expected = 5 * (-0.05 * np.log(0.5) + 0.05 * np.log(1.5))
    assert psi(first, second) == pytest.approx(expected, rel=1e-12)
    assert psi(first, first) == 0


def noise(seed: int, count: int, persistence: float) -> Floats:
    """AR(1) noise with a standard deviation of one."""
    drawn = np.random.default_rng(seed).normal(size=count + 200) * np.sqrt(1 - persistence**2)
    return np.asarray(lfilter([1.0], [1.0, -persistence], drawn)[200:])


def days(start: int, count: int) -> np.ndarray:
    return np.arange(start, start + count).astype("datetime64[D]").astype("datetime64[ms]")


def test_noise_without_a_change_drifts_as_often_as_stated() -> None:
    """Of 100 series 5 by intention; a share beyond 12 has a probability below 0.2% at 5%. KS alone calls most of the
    persistent ones drift.
    """
    beyond = covered = naive = 0
    for seed in range(100):
        values = noise(seed, 450, 0.7)
        found = drift("x", Period(values[:300], days(0, 300)), Period(values[300:], days(300, 150)), seed)
        beyond += found.is_beyond
        covered += found.low <= 0 <= found.high
        naive += ks_2samp(values[:300], values[300:]).pvalue < 0.05
    assert beyond <= 12
    assert covered >= 86
    assert naive >= 25


def test_persistent_noise_is_not_called_drift_either() -> None:
    """Half of the values live for 23 days: by blocks alone 17 of 100 were drift, and 30 means had moved."""
    beyond = moved = 0
    for seed in range(60):
        values = noise(seed, 450, 0.97)
        found = drift("x", Period(values[:300], days(0, 300)), Period(values[300:], days(300, 150)), seed)
        beyond += found.is_beyond
        moved += not found.low <= 0 <= found.high
    assert beyond <= 8
    assert moved <= 9


@pytest.mark.parametrize("persistence", [0.0, 0.5, 0.9, 0.97])
def test_the_spread_of_a_difference_of_means_is_that_of_many_histories(persistence: float) -> None:
    every = np.stack([noise(seed, 600, persistence) for seed in range(400)])
    first, second = every[:, :400], every[:, 400:]
    true = (second.mean(axis=1) - first.mean(axis=1)).std()
    told = [error_of_difference(*pair) for pair in zip(first, second, strict=True)]
    assert np.median(told) == pytest.approx(true, rel=0.12)
    found = [autocorrelation(*pair) for pair in zip(first, second, strict=True)]
    assert np.median(found) == pytest.approx(persistence, abs=0.02)


def test_values_of_which_each_day_has_the_same_mean_are_compared() -> None:
    """There is nothing to learn of persistence, and nothing to divide by."""
    pair = np.tile([-1.0, 1.0], 100)
    dates = np.repeat(days(0, 100), 2)
    found = drift("x", Period(pair, dates), Period(3 * pair[:80], dates[:80] + np.timedelta64(100, "D")))
    assert found.low == found.high == found.shift == 0
    assert found.is_beyond


def test_chance_is_measured_by_the_distance_itself_where_tails_are_heavy() -> None:
    """The null against scipy's distance of the same samples: taken from hundredths alone it was a fifth too small."""
    values = np.random.default_rng(1).standard_t(1.5, 800)
    first, second = Period(values[:600], days(0, 600)), Period(values[600:], days(600, 200))
    block = _block(first, second)
    weights = zip(_drawn(800, 600, block, 1), _drawn(800, 200, block, 2), strict=True)
    distances = [wasserstein_distance(values, values, *pair) for pair in weights]
    expected = np.quantile(distances, 0.95) / first.value.std()
    assert drift("x", first, second).wasserstein_null == pytest.approx(expected, rel=0.02)


def test_a_shift_of_half_a_deviation_is_found_and_measured() -> None:
    found = []
    for seed in range(20):
        values = noise(seed, 1000, 0.5)
        values[700:] += 0.5
        found.append(drift("x", Period(values[:700], days(0, 700)), Period(values[700:], days(700, 300)), seed))
    assert sum(item.is_beyond for item in found) >= 18
    assert sum(item.low > 0 for item in found) >= 18
    assert np.mean([item.shift for item in found]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([item.wasserstein for item in found]) == pytest.approx(0.5, abs=0.08)


def test_a_wider_spread_at_the_same_level_is_found() -> None:
    values = noise(1, 1000, 0.0)
    values[700:] *= 2
    found = drift("x", Period(values[:700], days(0, 700)), Period(values[700:], days(700, 300)))
    assert found.is_beyond
    assert found.low < 0 < found.high


def test_values_of_one_date_count_as_one_draw() -> None:
    """Fifty symbols that all have the same value say no more than one."""
    values = noise(5, 300, 0.9)
    one = drift("x", Period(values[:200], days(0, 200)), Period(values[200:], days(200, 100)))
    panel = [
        Period(np.repeat(values[part], 50), np.repeat(days(0, 300)[part], 50)) for part in (slice(200), slice(200, 300))
    ]
    many = drift("x", panel[0], panel[1])
    assert many.wasserstein == pytest.approx(one.wasserstein, rel=1e-9)
    assert many.wasserstein_null == pytest.approx(one.wasserstein_null, rel=1e-9)


def test_many_bars_are_drawn_by_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The distances are those of all values; what chance makes of them is nearly that of single bars."""
    values = noise(2, 3000, 0.6)
    parts = Period(values[:2000], days(0, 2000)), Period(values[2000:], days(2000, 1000))
    single = drift("x", *parts)
    monkeypatch.setattr("engine.research.service.drift.MOST", 600)
    grouped = drift("x", *parts)
    assert grouped.wasserstein == single.wasserstein
    assert grouped.dates == single.dates == 1000
    assert grouped.wasserstein_null == pytest.approx(single.wasserstein_null, rel=0.25)


def test_what_cannot_be_measured_has_no_number() -> None:
    values = noise(0, 200, 0.0)
    short = drift("x", Period(values, days(0, 200)), Period(values[: LEAST - 1], days(200, LEAST - 1)))
    flat = drift("x", Period(np.ones(200), days(0, 200)), Period(values, days(200, 200)))
    empty = drift("x", Period(values[:0], days(0, 0)), Period(values, days(0, 200)))
    for found in (short, flat, empty):
        assert np.isnan(found.wasserstein)
        assert not found.is_beyond
    holes = values.copy()
    holes[::4] = np.nan
    assert drift("x", Period(values, days(0, 200)), Period(holes, days(200, 200))).unknown == pytest.approx(0.25)
