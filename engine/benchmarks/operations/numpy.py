"""Operations on NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.operations import Number, Operations
from engine.core.errors import DeviceError


class Backend(Operations):
    def cast(self, x: Any, number: Number) -> Any:
        if number == "bfloat16":
            raise DeviceError("NumPy has no bfloat16.")
        return x.astype(number)

    def lend(self, x: Any) -> NDArray[Any]:
        return np.asarray(x)

    def increment(self, x: Any) -> Any:
        return x + 1

    def upload(self, x: Any) -> Any:
        return x.copy()

    def copy(self, x: Any) -> Any:
        return x.copy()

    def product(self, a: Any, b: Any) -> Any:
        return a @ b

    def convolution(self, x: Any, weight: Any) -> Any:
        outputs, taps, inputs = weight.shape
        windows = np.lib.stride_tricks.sliding_window_view(x, taps, axis=1)  # (series, bars, inputs, taps)
        return windows.reshape(*windows.shape[:2], inputs * taps) @ weight.transpose(2, 1, 0).reshape(-1, outputs)

    def sort(self, x: Any) -> Any:
        return np.sort(x, axis=-1)

    def total(self, x: Any) -> Any:
        return x.sum(-1)

    def cumulative_sum(self, x: Any) -> Any:
        return x.cumsum(-1)

    def softmax(self, x: Any) -> Any:
        found = np.exp(x - x.max(-1, keepdims=True))
        found /= found.sum(-1, keepdims=True)
        return found

    def index(self, rows: Any) -> Any:
        return rows.astype(np.int64)

    def silu(self, x: Any) -> Any:
        return x / (1 + np.exp(-x))

    def join(self, parts: Sequence[Any], axis: int) -> Any:
        return np.concatenate(parts, axis=axis)

    def gather(self, x: Any, rows: Any) -> Any:
        return x[rows]

    def scatter(self, x: Any, rows: Any, values: Any) -> Any:
        found = x.copy()
        np.add.at(found, rows, values)
        return found

    def attention(self, query: Any, key: Any, value: Any) -> Any:
        shared = query.shape[1] // key.shape[1]
        key, value = (np.repeat(part, shared, axis=1) for part in (key, value))
        return self.softmax(query @ key.swapaxes(-1, -2) / query.shape[-1] ** 0.5) @ value
