"""Kernels on PyTorch: CPU, CUDA and Apple's MPS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.kernels import Kernels, window_sums


class Backend(Kernels):
    block = 1 << 20  # every step waits for all threads: on a busy machine few large steps lose far less

    def _place(self, values: NDArray[Any]) -> Any:
        import torch

        # A copy: torch would warn about, and could write into, memory that NumPy marks as read-only.
        return torch.tensor(values, device=self.device.processor)

    def to_numpy(self, array: Any) -> NDArray[Any]:
        return np.asarray(array.cpu().numpy())

    def synchronize(self, *arrays: Any) -> None:
        import torch

        if self.device.processor == "cuda":
            torch.cuda.synchronize()
        elif self.device.processor == "mps":
            torch.mps.synchronize()

    @contextmanager
    def threads(self, count: int) -> Iterator[int]:
        import torch

        if self.device.processor != "cpu":
            yield 1
            return
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            yield torch.get_num_threads()
        finally:
            torch.set_num_threads(before)

    def release(self) -> None:
        import torch

        if self.device.processor == "cuda":
            torch.cuda.empty_cache()
        elif self.device.processor == "mps":
            torch.mps.empty_cache()

    def matrix_product(self, a: Any, b: Any) -> Any:
        return a @ b

    def rolling_mean(self, x: Any, windows: Sequence[int]) -> Any:
        import torch

        symbols, bars = x.shape
        means = torch.full((symbols, len(windows), bars), torch.nan, dtype=x.dtype, device=x.device)
        for rows in self._row_blocks(symbols, bars):
            sums = window_sums(x[rows], windows)
            for index, window in enumerate(windows):
                if window in sums:
                    means[rows, index, window - 1 :] = sums[window] / window
        return means
