"""Kernels on NumPy: the reference of the others, and the device that every machine has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.kernels import Kernels, window_sums


class Backend(Kernels):
    def _place(self, values: NDArray[Any]) -> NDArray[Any]:
        return values

    def to_numpy(self, array: Any) -> NDArray[Any]:
        return np.asarray(array)

    def synchronize(self, *arrays: Any) -> None:
        return

    @contextmanager
    def threads(self, count: int) -> Iterator[int]:
        from threadpoolctl import (  # type: ignore[import-untyped]
            threadpool_info,
            threadpool_limits,
        )

        with threadpool_limits(count, user_api="blas"):
            # Apple's Accelerate is not listed: it decides by itself.
            used = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
            yield max(used, default=count)

    def matrix_product(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(a @ b)

    def rolling_mean(self, x: NDArray[Any], windows: Sequence[int]) -> NDArray[Any]:
        symbols, bars = x.shape
        means = np.full((symbols, len(windows), bars), np.nan, dtype=x.dtype)
        with np.errstate(invalid="ignore", over="ignore"):
            for rows in self._row_blocks(symbols, bars):
                sums = window_sums(x[rows], windows)
                for index, window in enumerate(windows):
                    if window in sums:
                        np.divide(sums[window], window, out=means[rows, index, window - 1 :])
        return means
