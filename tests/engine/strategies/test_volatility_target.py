"""Volatility targeting against plain Python."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.market.panel import align
from engine.strategies.kinds.volatility_target import VolatilityTarget, outside_band, volatility
from tests.support.market import make_bars, random_walk


def plain(close: list[float], time: np.ndarray, strategy: VolatilityTarget) -> list[float]:
    """The exposure wanted at each bar, before the band."""
    found = []
    for at in range(len(close)):
        if at < strategy.window:
            found.append(math.nan)
            continue
        returns = [math.log(close[i] / close[i - 1]) for i in range(at - strategy.window + 1, at + 1)]
        years = float((time[at] - time[0]) / np.timedelta64(1, "D")) / 365.2425
        yearly = statistics.stdev(returns) * math.sqrt(at / years)
        found.append(min(strategy.target / yearly, strategy.cap))
    return found


@pytest.mark.parametrize(("target", "window", "cap"), [(0.15, 21, 1.0), (0.6, 10, 3.0)])
def test_exposure_agrees_with_plain_python(target: float, window: int, cap: float) -> None:
    strategy = VolatilityTarget(target=target, window=window, cap=cap)
    bars = random_walk(400, seed=2)
    expected = plain(bars.close.tolist(), bars.time, strategy)
    np.testing.assert_allclose(strategy.exposure(volatility(bars.close, bars.time, window)), expected, rtol=1e-9)


def test_every_symbol_has_its_share_and_its_own_calendar() -> None:
    one, other = random_walk(300, seed=1, symbol="ONE"), random_walk(200, seed=2, symbol="OTHER")
    strategy = VolatilityTarget(band=0)
    together = strategy.weights(align([one, other]), {})
    alone = strategy.weights(align([one]), {})
    np.testing.assert_allclose(together[:, 0], alone[:, 0] / 2, rtol=1e-12)
    assert np.isnan(together[200:, 1]).all()


@given(some.lists(some.one_of(some.just(math.nan), some.floats(0.01, 3)), max_size=40), some.sampled_from([0, 0.1, 1]))
def test_band_keeps_small_changes_back(wanted: list[float], band: float) -> None:
    kept = outside_band(np.array(wanted, dtype=np.float64), band)
    last = None
    for value, decided in zip(wanted, kept.tolist(), strict=True):
        if math.isnan(value):
            assert math.isnan(decided)
        elif last is None or not last * (1 - band) <= value <= last * (1 + band):
            assert decided == value
            last = value
        else:
            assert math.isnan(decided)


def test_band_by_hand() -> None:
    kept = outside_band(np.array([1.0, 1.05, 1.1, 1.11, 1.05, 0.9]), 0.1)
    np.testing.assert_array_equal(kept, [1.0, np.nan, np.nan, 1.11, np.nan, 0.9])


def test_price_that_stands_still_decides_nothing() -> None:
    assert np.isnan(VolatilityTarget().weights(align([make_bars([5.0] * 60)]), {})).all()


def test_volatility_that_is_reached_is_the_target() -> None:
    """Returns of a steady market, held by the exposure of the bar before."""
    bars = random_walk(6000, seed=9)
    strategy = VolatilityTarget(target=0.2, cap=10, band=0, window=60)
    exposure = strategy.exposure(volatility(bars.close, bars.time, strategy.window))
    earned = exposure[60:-1] * np.diff(np.log(bars.close))[60:]
    assert np.std(earned) * math.sqrt(365.2425) == pytest.approx(0.2, rel=0.03)


def test_label_and_warm_up() -> None:
    assert VolatilityTarget().label() == "Volatility target 15% by 21 bars"
    assert VolatilityTarget(cap=2).label() == "Volatility target 15% by 21 bars, at most 2×"
    assert VolatilityTarget().warm_up() == 21
