"""Kernels on NumPy and loops that Numba compiles: the reference of the others, and what every machine has.

Loops compute in float64 whatever the precision of the arrays, on as many threads as ``threads`` gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.devices import Device
from engine.features.kernels import Kernels
from engine.features.kernels.doubling import window_sums
from engine.indicators.rolling import rolling

DENSE = 16
"""Windows are computed all at once where the longest is at most so many times as long as they are many."""

Array = NDArray[Any]


class Backend(Kernels):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self._threads = 1

    def _place(self, values: Array) -> Array:
        return values

    def to_numpy(self, array: Any) -> Array:
        return np.asarray(array)

    def synchronize(self, *arrays: Any) -> None:
        return

    @contextmanager
    def threads(self, count: int) -> Iterator[int]:
        from threadpoolctl import (  # type: ignore[import-untyped]
            threadpool_info,
            threadpool_limits,
        )

        before, self._threads = self._threads, count
        try:
            with threadpool_limits(count, user_api="blas"):
                # Apple's Accelerate is not listed: it decides by itself.
                used = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
                yield max(used, default=count)
        finally:
            self._threads = before

    def matrix_product(self, a: Array, b: Array) -> Array:
        return np.asarray(a @ b)

    def rolling_sum(self, x: Array, windows: Sequence[int]) -> Array:
        return self._by_doubling(x, windows, lambda window: 1)

    def rolling_mean(self, x: Array, windows: Sequence[int]) -> Array:
        if _is_dense(windows):
            return self._at_once(rolling().windows.means, x, windows)
        return self._by_doubling(x, windows, lambda window: window)

    def rolling_std(self, x: Array, windows: Sequence[int], freedom: int = 1) -> Array:
        if _is_dense(windows):
            return self._at_once(rolling().windows.deviations, x, windows, freedom)
        return np.sqrt(self._each(rolling().moments.rolling_variance, (x,), windows, freedom))

    def rolling_min(self, x: Array, windows: Sequence[int]) -> Array:
        return self._extremes(x, windows, -1.0)

    def rolling_max(self, x: Array, windows: Sequence[int]) -> Array:
        return self._extremes(x, windows, 1.0)

    def _extremes(self, x: Array, windows: Sequence[int], sign: float) -> Array:
        if _is_dense(windows):
            return self._at_once(rolling().windows.extremes, x, windows, sign)
        return self._each(rolling().order.rolling_extreme, (x,), windows, sign, False)

    def rolling_rank(self, x: Array, windows: Sequence[int]) -> Array:
        return self._each(rolling().order.rolling_rank, (x,), windows)

    def rolling_quantile(self, x: Array, windows: Sequence[int], share: float = 0.5) -> Array:
        return self._each(rolling().order.rolling_quantile, (x,), windows, share)

    def rolling_correlation(self, x: Array, y: Array, windows: Sequence[int]) -> Array:
        return self._pairs(x, y, windows, "CORRELATION")

    def regression_slope(self, x: Array, y: Array, windows: Sequence[int]) -> Array:
        return self._pairs(x, y, windows, "SLOPE")

    def regression_residual(self, x: Array, y: Array, windows: Sequence[int]) -> Array:
        return self._pairs(x, y, windows, "RESIDUAL")

    def regression_r_squared(self, x: Array, y: Array, windows: Sequence[int]) -> Array:
        return self._pairs(x, y, windows, "R_SQUARED")

    def _pairs(self, x: Array, y: Array, windows: Sequence[int], what: str) -> Array:
        pairs = rolling().pairs
        return self._each(pairs.rolling_pair, (x, y), windows, getattr(pairs, what))

    def exponential_mean(self, x: Array, windows: Sequence[int]) -> Array:
        return self._each(rolling().recursive.exponential_mean, (x,), windows)

    def lag(self, x: Array, bars: Sequence[int]) -> Array:
        found = np.full((x.shape[0], len(bars), x.shape[1]), np.nan, dtype=x.dtype)
        for place, count in enumerate(bars):
            found[:, place, count:] = x[:, : max(x.shape[1] - count, 0)]
        return found

    def cumulative_sum(self, x: Array) -> Array:
        return self._cumulative(x, "SUM")

    def cumulative_product(self, x: Array) -> Array:
        return self._cumulative(x, "PRODUCT")

    def cumulative_min(self, x: Array) -> Array:
        return self._cumulative(x, "LOWEST")

    def cumulative_max(self, x: Array) -> Array:
        return self._cumulative(x, "HIGHEST")

    def _cumulative(self, x: Array, what: str) -> Array:
        recursive = rolling().recursive
        return self._each(recursive.cumulative, (x,), (getattr(recursive, what),))[:, 0]

    def _by_doubling(self, x: Array, windows: Sequence[int], divisor: Callable[[int], int]) -> Array:
        found = np.full((x.shape[0], len(windows), x.shape[1]), np.nan, dtype=x.dtype)

        def fill(rows: slice) -> None:
            with np.errstate(invalid="ignore", over="ignore"):
                sums = window_sums(np.where(np.isfinite(x[rows]), x[rows], np.nan), windows)
                for place, window in enumerate(windows):
                    if window in sums:
                        np.divide(sums[window], divisor(window), out=found[rows, place, window - 1 :])

        self._in_threads(fill, x.shape)
        return found

    def _at_once(self, loop: Callable[..., None], x: Array, windows: Sequence[int], *constants: float) -> Array:
        """``loop`` of all ``windows``."""
        ascending, places = np.unique(np.asarray(windows, dtype=np.int64), return_inverse=True)
        found = np.empty((x.shape[0], len(windows), x.shape[1]), dtype=x.dtype)
        is_direct = x.dtype == np.float64 and len(ascending) == len(windows) and bool((places[1:] > places[:-1]).all())

        def fill(rows: slice) -> None:
            values = np.array(x[rows], dtype=np.float64, order="C")
            out = found[rows] if is_direct else np.empty((len(values), len(ascending), x.shape[1]))
            loop(values, ascending, *constants, out)
            if not is_direct:
                found[rows] = out[:, places]

        self._in_threads(fill, x.shape)
        return found

    def _each(self, loop: Callable[..., None], series: Sequence[Array], windows: Sequence[int], *more: float) -> Array:
        """``loop`` of ``series`` for one of ``windows`` after the other."""
        first = series[0]
        found = np.empty((first.shape[0], len(windows), first.shape[1]), dtype=first.dtype)

        def fill(rows: slice) -> None:
            values = [np.array(x[rows], dtype=np.float64, order="C") for x in series]
            out = np.empty(values[0].shape)
            for place, window in enumerate(windows):
                loop(*values, window, *more, out)
                found[rows, place] = out

        self._in_threads(fill, first.shape)
        return found

    def _in_threads(self, fill: Callable[[slice], None], shape: tuple[int, ...]) -> None:
        blocks = self._row_blocks(*shape)
        if self._threads == 1 or len(blocks) == 1:
            for rows in blocks:
                fill(rows)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(fill, blocks))


def _is_dense(windows: Sequence[int]) -> bool:
    return max(windows, default=0) <= DENSE * len(windows)
