"""The contract of kernels, kept by every library on every device; a device that is missing says so."""

from __future__ import annotations

import threading
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine import devices
from engine.core.errors import DeviceError
from engine.devices import Device
from engine.features.kernels import Kernels, kernels_for
from engine.features.kernels.bounds import Precision, matrix_product_bound, rolling_mean_bound

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
REPEATED = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


HERE = devices.expected()


@pytest.fixture(params=HERE)
def kernels(request: pytest.FixtureRequest) -> Kernels:
    return kernels_for(devices.get(request.param))


@pytest.mark.parametrize("name", [name for name in devices.NAMES if name not in HERE])
def test_kernels_of_an_absent_device_are_refused_with_the_reason(name: str) -> None:
    with pytest.raises(DeviceError, match=f"^{name} is not on this machine") as caught:
        kernels_for(devices.get(name))
    assert devices.missing()[name] in str(caught.value)


def _precisions(device: Device) -> list[Precision]:
    return [precision for precision in PRECISIONS if precision == "float32" or device.float64]


def _mean(kernels: Kernels, x: NDArray[Any], windows: tuple[int, ...], precision: Precision) -> NDArray[Any]:
    return kernels.to_numpy(kernels.rolling_mean(kernels.to_device(x, precision), windows))


def _reference(x: NDArray[Any], window: int) -> NDArray[Any]:
    """Means in float64, window by window; NaN before the first."""
    means = np.full(x.shape, np.nan)
    if window <= x.shape[1]:
        means[:, window - 1 :] = np.lib.stride_tricks.sliding_window_view(x, window, axis=1).mean(axis=2)
    return means


def test_arrays_return_as_they_were(kernels: Kernels) -> None:
    x = np.random.default_rng(0).standard_normal((3, 5))
    for precision in _precisions(kernels.device):
        back = kernels.to_numpy(kernels.to_device(x, precision))
        assert back.dtype == precision
        np.testing.assert_array_equal(back, x.astype(precision))


def test_inputs_are_not_touched(kernels: Kernels) -> None:
    x = np.random.default_rng(0).standard_normal((4, 50))
    x.flags.writeable = False
    before = x.copy()
    _mean(kernels, x, (3, 8), _precisions(kernels.device)[-1])
    _mean(kernels, x[:, ::2], (3,), "float32")
    np.testing.assert_array_equal(x, before)


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 200)),
    windows=st.lists(st.integers(1, 210), min_size=1, max_size=3),
    offset=st.sampled_from([0.0, 1.0, 1e5]),
    seed=st.integers(0, 2**16),
)
@REPEATED
def test_rolling_mean_holds_its_bound(
    kernels: Kernels, shape: tuple[int, int], windows: list[int], offset: float, seed: int
) -> None:
    x = offset + np.random.default_rng(seed).standard_normal(shape)
    for precision in _precisions(kernels.device):
        found = _mean(kernels, x, tuple(windows), precision)
        assert found.shape == (shape[0], len(windows), shape[1])
        assert found.dtype == precision
        for index, window in enumerate(windows):
            expected, size = _reference(x, window), _reference(np.abs(x), window)
            np.testing.assert_array_equal(np.isnan(found[:, index]), np.isnan(expected))
            error = np.nan_to_num(np.abs(found[:, index] - expected) / size)
            assert error.max() <= rolling_mean_bound(window, precision)


def test_rolling_mean_holds_its_bound_over_a_long_history(kernels: Kernels) -> None:
    x = 1e5 + np.cumsum(np.random.default_rng(4).standard_normal((2, 100_000)), axis=1)
    windows = (2, 14, 200, 5000)
    found = _mean(kernels, x, windows, "float32")
    for index, window in enumerate(windows):
        total = np.cumsum(x.astype(np.longdouble), axis=1)
        later = (total[:, window:] - total[:, :-window]) / window
        error = np.max(np.abs(found[:, index, window:] - later) / later)
        assert error <= rolling_mean_bound(window, "float32")


def test_blocks_of_rows_change_nothing(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).normal(100, 5, (7, 50))
    together = _mean(kernels, x, (3, 16, 60), "float32")
    for block in (1, 100, 149, 1000):
        monkeypatch.setattr(type(kernels), "block", block)
        np.testing.assert_array_equal(_mean(kernels, x, (3, 16, 60), "float32"), together)


@given(gaps=st.sets(st.integers(0, 59), max_size=6), window=st.integers(1, 20))
@REPEATED
def test_a_gap_reaches_only_the_windows_that_hold_it(kernels: Kernels, gaps: set[int], window: int) -> None:
    x = np.linspace(100, 200, 60)[None, :]
    x[0, sorted(gaps)] = np.nan
    found = _mean(kernels, x, (window,), "float32")[0, 0]
    expected = [bar < window - 1 or any(bar - window < gap <= bar for gap in gaps) for bar in range(x.shape[1])]
    np.testing.assert_array_equal(np.isnan(found), expected)


@given(
    shape=st.tuples(st.integers(1, 80), st.integers(1, 80), st.integers(1, 80)),
    seed=st.integers(0, 2**16),
)
@REPEATED
def test_matrix_product_equals_float64(kernels: Kernels, shape: tuple[int, int, int], seed: int) -> None:
    rows, inner, columns = shape
    numbers = np.random.default_rng(seed)
    a, b = numbers.standard_normal((rows, inner)), numbers.standard_normal((inner, columns))
    for precision in _precisions(kernels.device):
        product = kernels.matrix_product(kernels.to_device(a, precision), kernels.to_device(b, precision))
        found = kernels.to_numpy(product)
        assert found.dtype == precision
        # The guaranteed bound (Higham 2002, 3.5), for the few terms here: the one of large products is a likely one.
        allowed = (inner + 2) * 2 * np.finfo(precision).eps * (np.abs(a) @ np.abs(b))
        assert (np.abs(found - a @ b) <= allowed).all()


@pytest.mark.parametrize("size", [64, 300])
def test_matrix_product_holds_its_bound(kernels: Kernels, size: int) -> None:
    a, b = np.random.default_rng(5).standard_normal((2, size, size))
    for precision in _precisions(kernels.device):
        product = kernels.matrix_product(kernels.to_device(a, precision), kernels.to_device(b, precision))
        error = np.max(np.abs(kernels.to_numpy(product) - a @ b)) / np.max(np.abs(a @ b))
        assert error <= matrix_product_bound(size, precision)


def test_a_repetition_is_bit_identical(kernels: Kernels) -> None:
    x = np.random.default_rng(6).standard_normal((64, 64))
    means = [_mean(kernels, x, (5, 30), "float32") for _ in range(2)]
    np.testing.assert_array_equal(*means)
    array = kernels.to_device(x, "float32")
    np.testing.assert_array_equal(*[kernels.to_numpy(kernels.matrix_product(array, array)) for _ in range(2)])


def test_float64_is_refused_where_it_does_not_exist(kernels: Kernels) -> None:
    single = Device(kernels.device.library, kernels.device.name, "", float64=False)
    with pytest.raises(DeviceError, match="computes in float32 only"):
        type(kernels)(single).to_device(np.ones(2), "float64")


def test_kernels_work_in_a_thread_of_their_own(kernels: Kernels) -> None:
    """As in a worker, which imports the library in one thread and computes in another."""
    found: list[NDArray[Any]] = []
    x = np.arange(12.0).reshape(1, 12)
    thread = threading.Thread(target=lambda: found.append(_mean(kernels, x, (4,), "float32")))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(found[0][0, 0, 3:], x[0, 3:] - 1.5)


def test_memory_can_be_released(kernels: Kernels) -> None:
    with kernels.threads(1) as used:
        assert used == 1
        array = kernels.to_device(np.ones((10, 10)), "float32")
        kernels.synchronize(kernels.matrix_product(array, array))
    kernels.release()
    np.testing.assert_array_equal(kernels.to_numpy(kernels.matrix_product(array, array)), 10.0)
