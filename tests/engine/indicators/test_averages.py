"""Moving averages against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from engine.indicators import INDICATORS
from engine.indicators.averages import Sma, SmaDistance
from engine.market import catalog
from engine.market.spec import MarketSpec
from tests.support.market import make_bars

prices = arrays(np.float64, some.integers(2, 120), elements=some.floats(0.01, 1e5))


@pytest.mark.parametrize("window", [2, 20, 200])
def test_sma_is_the_rolling_mean(window: int) -> None:
    bars = catalog.load(MarketSpec(symbols=("NVDA",))).bars[0]
    expected = pd.Series(bars.close).rolling(window).mean().to_numpy()
    np.testing.assert_allclose(Sma(window=window).compute(bars)["sma"], expected, rtol=1e-9)


def test_sma_of_whole_numbers() -> None:
    values = Sma(window=3).compute(make_bars([1, 2, 6, 4, 5]))["sma"]
    np.testing.assert_allclose(values, [np.nan, np.nan, 3, 4, 5])


def test_distance_is_the_close_over_the_average_less_one() -> None:
    values = SmaDistance(window=2).compute(make_bars([1, 3, 5]))["distance"]
    np.testing.assert_allclose(values, [np.nan, 0.5, 0.25])


@given(prices, some.integers(2, 30))
def test_an_average_lies_between_the_extremes_of_its_window(close: np.ndarray, window: int) -> None:
    values = Sma(window=window).compute(make_bars(close))["sma"]
    rolling, slack = pd.Series(close).rolling(window), 1e-9 * close.max()
    known = ~np.isnan(values)
    assert known.sum() == max(len(close) - window + 1, 0)
    assert (values[known] >= rolling.min().to_numpy()[known] - slack).all()
    assert (values[known] <= rolling.max().to_numpy()[known] + slack).all()


@given(prices, some.integers(2, 30), some.floats(0.1, 10))
def test_distance_does_not_depend_on_the_unit_of_price(close: np.ndarray, window: int, factor: float) -> None:
    one = SmaDistance(window=window).compute(make_bars(close))["distance"]
    other = SmaDistance(window=window).compute(make_bars(close * factor))["distance"]
    # The running sum loses digits where prices of very different sizes meet.
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("price", [50.0, 33.37, 0.1, 1e-7])
@pytest.mark.parametrize("window", [3, 20, 200])
def test_distance_of_a_price_that_stands_still_is_zero(price: float, window: int) -> None:
    """The average of equal prices is the price: a running sum leaves it some rounding apart."""
    moving = price * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.02, 500)))
    found = SmaDistance(window=window).compute(make_bars(np.append(moving, np.full(1000, price))))["distance"]
    assert (found[500 + window :] == 0).all()
    assert (found[window:500] != 0).all()


@pytest.mark.parametrize("kind", ["talib_dpo", "talib_ao", "talib_eri", "talib_macdext", "talib_mom"])
def test_distances_of_the_library_are_zero_where_a_price_stands_still(kind: str) -> None:
    moving = 33.37 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.02, 500)))
    found = INDICATORS.parse({"kind": kind}).compute(make_bars(np.append(moving, np.full(3000, 33.37))))
    for name, values in found.items():
        assert (values[1500:] == 0).all(), name
        assert (values[200:500] != 0).any(), name
