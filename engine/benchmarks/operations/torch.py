"""Operations on PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.operations import Number, Operations


class Backend(Operations):
    def cast(self, x: Any, number: Number) -> Any:
        import torch

        return x.to(getattr(torch, number))

    def lend(self, x: Any) -> NDArray[Any]:
        return np.asarray(x.numpy() if x.device.type == "cpu" else x.cpu().numpy())

    def increment(self, x: Any) -> Any:
        return x + 1

    def copy(self, x: Any) -> Any:
        return x.clone()

    def product(self, a: Any, b: Any) -> Any:
        return a @ b

    def convolution(self, x: Any, weight: Any) -> Any:
        import torch

        return torch.nn.functional.conv1d(x.transpose(1, 2), weight.transpose(1, 2)).transpose(1, 2)

    def sort(self, x: Any) -> Any:
        return x.sort(dim=-1).values

    def total(self, x: Any) -> Any:
        return x.sum(-1)

    def cumulative_sum(self, x: Any) -> Any:
        return x.cumsum(-1)

    def softmax(self, x: Any) -> Any:
        return x.softmax(-1)

    def index(self, rows: Any) -> Any:
        return rows.long()

    def silu(self, x: Any) -> Any:
        import torch

        return torch.nn.functional.silu(x)

    def join(self, parts: Sequence[Any], axis: int) -> Any:
        import torch

        return torch.cat(list(parts), dim=axis)

    def gather(self, x: Any, rows: Any) -> Any:
        return x[rows]

    def scatter(self, x: Any, rows: Any, values: Any) -> Any:
        return x.index_add(0, rows, values)

    def attention(self, query: Any, key: Any, value: Any) -> Any:
        import torch

        grouped = query.shape[1] != key.shape[1]
        return torch.nn.functional.scaled_dot_product_attention(query, key, value, enable_gqa=grouped)
