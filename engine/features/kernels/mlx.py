"""Kernels on MLX: Metal on Apple silicon, CUDA or the CPU on Linux.

Every operation is given its stream: on Linux without a GPU the default would do, on a Mac it would be Metal. MLX on
CUDA multiplies float32 in TF32 unless ``MLX_ENABLE_TF32=0`` is in the environment of the process. Nothing is compiled
by ``mx.compile``, which on a CPU would leave its code in a folder that others can write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.kernels.arrays import ArrayKernels


class Backend(ArrayKernels):
    def _stream(self) -> AbstractContextManager[Any]:
        import mlx.core as mx

        stream: AbstractContextManager[Any] = mx.stream(mx.Device(mx.gpu if self.device.processor == "gpu" else mx.cpu))
        return stream

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

    def _finite(self, x: Any) -> Any:
        import mlx.core as mx

        return mx.isfinite(x)

    def _where(self, condition: Any, a: Any, b: Any) -> Any:
        import mlx.core as mx

        return mx.where(condition, a, b)

    def _filled(self, like: Any, bars: int, value: float) -> Any:
        import mlx.core as mx

        return mx.full((like.shape[0], bars), value, dtype=like.dtype)

    def _counted(self, like: Any) -> Any:
        import mlx.core as mx

        return mx.arange(like.shape[1]).astype(like.dtype)[None, :]

    def _joined(self, parts: Sequence[Any]) -> Any:
        import mlx.core as mx

        return mx.concatenate(list(parts), axis=1)

    def _gathered(self, parts: Iterator[list[Any]], like: Any, columns: int) -> Any:
        import mlx.core as mx

        blocks = []
        for part in parts:
            blocks.append(mx.stack(part, axis=1))
            mx.eval(blocks[-1])  # and what it followed from is given back
        return blocks[0] if len(blocks) == 1 else mx.concatenate(blocks)

    def _larger(self, a: Any, b: Any) -> Any:
        import mlx.core as mx

        return mx.maximum(a, b)

    def _smaller(self, a: Any, b: Any) -> Any:
        import mlx.core as mx

        return mx.minimum(a, b)

    def _root(self, x: Any) -> Any:
        import mlx.core as mx

        return mx.sqrt(x)

    def _so_far(self, x: Any) -> Any:
        import mlx.core as mx

        return mx.cummax(x, axis=1)

    def _sorted_windows(self, x: Any, window: int) -> Any:
        import mlx.core as mx

        rows, bars = x.shape
        shape = (rows, bars - window + 1, window)
        return mx.sort(mx.as_strided(mx.contiguous(x), shape, (bars, 1, 1)), axis=2)
