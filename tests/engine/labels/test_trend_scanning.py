"""Trend scanning, against statsmodels' t-values of every line, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.core.errors import SpecError
from engine.labels.trend_scanning import TrendScanning, clearest_trends
from tests.support.market import make_bars, random_walk


def by_definition(price: np.ndarray, shortest: int, longest: int) -> np.ndarray:
    found = np.full(len(price), np.nan)
    for place in range(len(price) - longest):
        values = [
            sm.OLS(price[place : place + ahead + 1], sm.add_constant(np.arange(ahead + 1.0))).fit().tvalues[1]
            for ahead in range(shortest, longest + 1)
        ]
        found[place] = max(values, key=abs)
    return found


@given(some.integers(0, 10**6), some.integers(2, 6), some.integers(0, 8))
@settings(max_examples=10)
def test_against_ordinary_least_squares(seed: int, shortest: int, more: int) -> None:
    price = 1e5 + random_walk(40, seed).close
    expected = by_definition(price, shortest, shortest + more)
    np.testing.assert_allclose(clearest_trends(price, shortest, shortest + more), expected, rtol=1e-5)
    assert np.isfinite(expected).sum() == 40 - shortest - more


def test_by_hand() -> None:
    """Up for four bars on a line, then down: the line is the clearest until it is too short to be looked for."""
    bars = make_bars([10, 11, 12, 13, 12.5, 11, 9, 8.2, 7.1])
    labels = TrendScanning(horizon=4, shortest=2).compute(bars)
    np.testing.assert_array_equal(labels.value[:5], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(labels.end[:5], bars.time[4:])
    assert np.isnan(labels.value[5:]).all()


def test_a_line_is_as_clear_as_can_be_and_a_still_price_no_trend() -> None:
    np.testing.assert_array_equal(np.abs(clearest_trends(np.arange(8.0), 2, 4)[:4]), np.inf)
    np.testing.assert_array_equal(clearest_trends(np.full(8, 3.0), 2, 4)[:4], 0)
    np.testing.assert_array_equal(TrendScanning(horizon=4, shortest=2).compute(make_bars(np.full(8, 3.0))).value[:4], 0)


def test_a_price_that_is_none_makes_unknown_what_reaches_it() -> None:
    closes = random_walk(30).close
    closes[10] = 0
    known = ~np.isnan(TrendScanning(horizon=5, shortest=2).compute(make_bars(closes)).value)
    np.testing.assert_array_equal(np.flatnonzero(~known), [5, 6, 7, 8, 9, 10, 25, 26, 27, 28, 29])


def test_the_shortest_trend_is_no_longer_than_the_horizon() -> None:
    with pytest.raises(SpecError, match="longer than the horizon"):
        TrendScanning(horizon=5, shortest=6)
