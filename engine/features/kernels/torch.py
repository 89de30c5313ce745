"""Kernels on PyTorch: CPU, CUDA and Apple's MPS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.features.kernels.arrays import ArrayKernels


class Backend(ArrayKernels):
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

    def _stream(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def _finite(self, x: Any) -> Any:
        import torch

        return torch.isfinite(x)

    def _where(self, condition: Any, a: Any, b: Any) -> Any:
        import torch

        return torch.where(condition, a, b)

    def _filled(self, like: Any, bars: int, value: float) -> Any:
        import torch

        return torch.full((like.shape[0], bars), value, dtype=like.dtype, device=like.device)

    def _counted(self, like: Any) -> Any:
        import torch

        return torch.arange(like.shape[1], dtype=like.dtype, device=like.device)[None, :]

    def _joined(self, parts: Sequence[Any]) -> Any:
        import torch

        return torch.cat(tuple(parts), dim=1)

    def _gathered(self, parts: Iterator[list[Any]], like: Any, columns: int) -> Any:
        import torch

        symbols, bars = like.shape
        found, row = torch.empty((symbols, columns, bars), dtype=like.dtype, device=like.device), 0
        for part in parts:
            rows = slice(row, row + part[0].shape[0])
            for place, values in enumerate(part):
                found[rows, place] = values
            row = rows.stop
        return found

    def _larger(self, a: Any, b: Any) -> Any:
        import torch

        return torch.maximum(a, b)

    def _smaller(self, a: Any, b: Any) -> Any:
        import torch

        return torch.minimum(a, b)

    def _root(self, x: Any) -> Any:
        return x.sqrt()

    def _so_far(self, x: Any) -> Any:
        import torch

        return torch.cummax(x, dim=1).values

    def _sorted_windows(self, x: Any, window: int) -> Any:
        return x.unfold(1, window, 1).sort(dim=2).values
