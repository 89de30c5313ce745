"""Kernels on MLX: Metal on Apple silicon, CUDA or the CPU on Linux.

Every operation is given its stream: on Linux without a GPU the default would do, on a Mac it would be Metal. MLX on
CUDA multiplies float32 in TF32 unless ``MLX_ENABLE_TF32=0`` is in the environment of the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.kernels import Kernels, window_sums


class Backend(Kernels):
    def _stream(self) -> Any:
        import mlx.core as mx

        return mx.stream(mx.Device(mx.gpu if self.device.processor == "gpu" else mx.cpu))

    def _place(self, values: NDArray[Any]) -> Any:
        import mlx.core as mx

        with self._stream():  # without the type, MLX would turn float64 into float32
            return mx.array(values, dtype=mx.float64 if values.dtype == np.float64 else mx.float32)

    def to_numpy(self, array: Any) -> NDArray[Any]:
        self.synchronize(array)
        return np.array(array)

    def synchronize(self, *arrays: Any) -> None:
        import mlx.core as mx

        mx.eval(*arrays)

    @contextmanager
    def threads(self, count: int) -> Iterator[int]:
        yield 1  # MLX runs a CPU stream on one thread

    def release(self) -> None:
        import mlx.core as mx

        mx.clear_cache()

    def matrix_product(self, a: Any, b: Any) -> Any:
        with self._stream():
            return a @ b

    def rolling_mean(self, x: Any, windows: Sequence[int]) -> Any:
        import mlx.core as mx

        with self._stream():
            blocks = [_means(x[rows], windows) for rows in self._row_blocks(*x.shape)]
            return blocks[0] if len(blocks) == 1 else mx.concatenate(blocks)


def _means(x: Any, windows: Sequence[int]) -> Any:
    import mlx.core as mx

    sums = window_sums(x, windows)
    symbols, bars = x.shape
    means = []
    for window in windows:
        warm_up = mx.full((symbols, min(window - 1, bars)), mx.nan, dtype=x.dtype)
        known = [sums[window] / window] if window in sums else []
        means.append(mx.concatenate([warm_up, *known], axis=1))
    return mx.stack(means, axis=1)
