"""Algorithm and error bounds of the kernels, on any device."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import devices
from engine.devices import Device
from engine.features.kernels import kernels_for
from engine.features.kernels.bounds import matrix_product_bound, rolling_mean_bound, unit_roundoff
from engine.features.kernels.doubling import window_sums

NUMPY = kernels_for(Device("numpy", "numpy:cpu", "any"))


@given(
    values=st.lists(st.integers(-1000, 1000), min_size=1, max_size=70),
    windows=st.lists(st.integers(1, 80), min_size=1, max_size=4),
)
@settings(deadline=None)
def test_window_sums_are_exact_in_integers(values: list[int], windows: list[int]) -> None:
    x = np.array([values])
    sums = window_sums(x, windows)
    assert sorted(sums) == sorted({window for window in windows if window <= len(values)})
    for window, found in sums.items():
        expected = [sum(values[end - window : end]) for end in range(window, len(values) + 1)]
        assert found.tolist() == [expected]


@pytest.mark.parametrize("windows", [(), (0,), (5, -1)])
def test_a_window_without_a_bar_is_refused(windows: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one bar"):
        window_sums(np.ones((1, 10)), windows)


@given(
    prices=st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=300),
    window=st.integers(1, 60),
)
@settings(deadline=None)
def test_numpy_in_float64_equals_pandas_and_ta_lib(prices: list[float], window: int) -> None:
    x = np.array(prices)
    found = NUMPY.rolling_mean(x[None, :], (window,))[0, 0]
    np.testing.assert_allclose(found, pd.Series(x).rolling(window).mean(), rtol=1e-9)
    if 2 <= window <= len(x):  # TA-Lib knows no window of one
        np.testing.assert_allclose(found, talib.SMA(x, window), rtol=1e-9)


def test_float32_holds_its_bound_where_cumulative_sums_do_not() -> None:
    x = 1e5 + np.cumsum(np.random.default_rng(2).standard_normal((1, 100_000)), axis=1)
    single, window = x.astype(np.float32), 200
    exact = pd.Series(x[0]).rolling(window).mean().to_numpy()[window - 1 :]
    ours = NUMPY.rolling_mean(single, (window,))[0, 0, window - 1 :]
    total = np.concatenate([[np.float32(0)], np.cumsum(single[0], dtype=np.float32)])
    usual = (total[window:] - total[:-window]) / np.float32(window)
    bound = rolling_mean_bound(window, "float32")
    assert np.max(np.abs(ours - exact) / exact) < bound
    assert np.max(np.abs(usual - exact) / exact) > 1000 * bound


def test_a_flat_price_has_a_flat_mean() -> None:
    """A mean that were off by a rounding would cross the price for ever."""
    for price in (0.1, 1 / 3, 99.95, 123456.7):
        flat = np.full((1, 1000), price, dtype=np.float32)
        found = NUMPY.rolling_mean(flat, (3, 64, 100))[0]
        assert np.nanmax(np.abs(found - flat[0])) <= np.spacing(np.float32(price))
        np.testing.assert_array_equal(found[1, 63:], flat[0, 63:])


def test_the_bounds_grow_as_stated() -> None:
    assert unit_roundoff("float32") == 2**-24
    assert unit_roundoff("float64") == 2**-53
    assert rolling_mean_bound(1, "float32") == pytest.approx(4 * 2**-24)
    assert rolling_mean_bound(200, "float32") == pytest.approx(11 * 2**-24)
    assert matrix_product_bound(1024, "float32") == pytest.approx(128 * 2**-24)


def test_arithmetic_in_tf32_exceeds_the_bound_of_a_matrix_product() -> None:
    """TF32 keeps 10 bits of the factors' mantissas, and some libraries use it unasked."""
    numbers = np.random.default_rng(3)
    left, right = numbers.standard_normal((2, 256, 256), dtype=np.float32)
    exact = left.astype(float) @ right.astype(float)
    short = [(factor.view(np.uint32) + 0x1000 & 0xFFFFE000).view(np.float32) for factor in (left, right)]
    error = np.max(np.abs(short[0] @ short[1] - exact)) / np.max(np.abs(exact))
    assert error > 10 * matrix_product_bound(256, "float32")


def test_kernels_leave_the_thread_counts_as_they_were() -> None:
    import torch
    from threadpoolctl import threadpool_info

    def counts() -> list[int]:
        return [torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())]

    before = counts()
    for device in devices.available():
        with kernels_for(device).threads(1) as used:
            assert used == 1
    assert counts() == before
