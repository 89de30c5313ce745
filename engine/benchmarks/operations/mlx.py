"""Operations on MLX, each on the stream of its device.

Measured on a CPU with MLX 0.32: softmax, attention and convolutions of float64 are off by 1e-9 to 8e-8 of the largest
value, as float32 is used within: they are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.operations import Number, Operations
from engine.core.errors import DeviceError


class Backend(Operations):
    def _on(self, work: Callable[[], Any]) -> Any:
        import mlx.core as mx

        with mx.stream(mx.Device(mx.gpu if self.kernels.device.processor == "gpu" else mx.cpu)):
            return work()

    def _require_float32(self, x: Any) -> None:
        """Raises ``DeviceError`` for float64."""
        import mlx.core as mx

        if x.dtype == mx.float64:
            raise DeviceError("MLX computes this in float32 within, whatever the numbers are: choose float32 for it.")

    def cast(self, x: Any, number: Number) -> Any:
        import mlx.core as mx

        return self._on(lambda: x.astype(getattr(mx, number)))

    def lend(self, x: Any) -> NDArray[Any]:
        """Its memory is the host's on Metal too."""
        return np.array(x, copy=False)

    def increment(self, x: Any) -> Any:
        return self._on(lambda: x + 1)

    def copy(self, x: Any) -> Any:
        import mlx.core as mx

        return self._on(lambda: mx.array(x) + 0)

    def product(self, a: Any, b: Any) -> Any:
        return self._on(lambda: a @ b)

    def convolution(self, x: Any, weight: Any) -> Any:
        import mlx.core as mx

        self._require_float32(x)
        return self._on(lambda: mx.conv1d(x, weight))

    def sort(self, x: Any) -> Any:
        import mlx.core as mx

        return self._on(lambda: mx.sort(x, axis=-1))

    def total(self, x: Any) -> Any:
        return self._on(lambda: x.sum(-1))

    def cumulative_sum(self, x: Any) -> Any:
        return self._on(lambda: x.cumsum(-1))

    def softmax(self, x: Any) -> Any:
        import mlx.core as mx

        self._require_float32(x)
        return self._on(lambda: mx.softmax(x, axis=-1))

    def index(self, rows: Any) -> Any:
        import mlx.core as mx

        return self._on(lambda: rows.astype(mx.int32))

    def silu(self, x: Any) -> Any:
        import mlx.core as mx

        return self._on(lambda: x * mx.sigmoid(x))

    def join(self, parts: Sequence[Any], axis: int) -> Any:
        import mlx.core as mx

        return self._on(lambda: mx.concatenate(list(parts), axis=axis))

    def gather(self, x: Any, rows: Any) -> Any:
        return self._on(lambda: x[rows])

    def scatter(self, x: Any, rows: Any, values: Any) -> Any:
        return self._on(lambda: x.at[rows].add(values))

    def attention(self, query: Any, key: Any, value: Any) -> Any:
        import mlx.core as mx

        self._require_float32(query)
        scale = query.shape[-1] ** -0.5
        return self._on(lambda: mx.fast.scaled_dot_product_attention(query, key, value, scale=scale))
