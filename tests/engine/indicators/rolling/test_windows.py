"""Loops over many windows at once against NumPy, across their blocks of bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.indicators.rolling import rolling
from engine.indicators.rolling.windows import BLOCK
from engine.market.bars import Floats

FIGURES = ("means", "deviations", "extremes")


def computed(name: str, values: Floats, windows: list[int], sign: float = 1.0) -> Floats:
    """Of one series: (windows, bars)."""
    out = np.full((1, len(windows), len(values)), -1.0)
    extra = {"means": (), "deviations": (1,), "extremes": (sign,)}[name]
    getattr(rolling().windows, name)(values[None, :].copy(), np.array(windows), *extra, out)
    return out[0]


def expected(name: str, values: Floats, window: int, sign: float = 1.0) -> Floats:
    found = np.full(len(values), np.nan)
    if window <= len(values):
        parts = np.lib.stride_tricks.sliding_window_view(np.where(np.isfinite(values), values, np.nan), window)
        near = parts - parts[:, :1]  # what is far from zero loses no digits
        with np.errstate(invalid="ignore"):
            found[window - 1 :] = {
                "means": lambda: parts[:, 0] + near.mean(axis=1),
                "deviations": lambda: near.std(axis=1, ddof=1) if window > 1 else np.nan,
                "extremes": lambda: sign * (sign * parts).max(axis=1),
            }[name]()
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_windows_reach_across_blocks(name: str) -> None:
    values = 100 + np.cumsum(np.random.default_rng(1).standard_normal(2 * BLOCK + 37))
    values[[3, BLOCK - 1, BLOCK + 200]] = np.nan, np.inf, np.nan
    windows = [1, 2, 7, BLOCK - 40, BLOCK + 5, 3 * BLOCK]
    found = computed(name, values, windows)
    for place, window in enumerate(windows):
        np.testing.assert_allclose(found[place], expected(name, values, window), rtol=1e-10)


@given(
    values=st.lists(st.floats(-1e9, 1e9) | st.just(np.nan), min_size=1, max_size=40),
    windows=st.sets(st.integers(1, 45), min_size=1, max_size=5),
    sign=st.sampled_from([1.0, -1.0]),
)
@settings(deadline=None)
def test_extremes_are_exact(values: list[float], windows: set[int], sign: float) -> None:
    x, ascending = np.array(values), sorted(windows)
    found = computed("extremes", x, ascending, sign)
    for place, window in enumerate(ascending):
        np.testing.assert_array_equal(found[place], expected("extremes", x, window, sign))


def test_small_changes_of_a_large_number_are_kept() -> None:
    """As pandas keeps seven digits and numbagg none."""
    values = 1e8 + np.random.default_rng(2).standard_normal(3_000)
    found = computed("deviations", values, [5, 20, 200])
    for place, window in enumerate((5, 20, 200)):
        np.testing.assert_allclose(found[place], expected("deviations", values, window), rtol=1e-13)


@pytest.mark.parametrize("price", [0.1, 1 / 3, 99.95, 123456.7])
def test_equal_values_have_their_mean_and_no_deviation(price: float) -> None:
    flat, windows = np.full(900, price), [1, 3, 64, 100, 700]
    means, deviations = computed("means", flat, windows), computed("deviations", flat, windows)
    for place, window in enumerate(windows):
        assert (means[place, window - 1 :] == price).all()
        assert (deviations[place, window - 1 :] == 0.0).all() if window > 1 else np.isnan(deviations[place]).all()
