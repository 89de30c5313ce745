"""Networks' operations on torch: the CPU, CUDA, and MPS on Apple silicon.

One thread on a CPU: sums in another order differ in the last bits. Layers are called one by one, never several in one
call: torch 2.13 computes wrong gradients of such on MPS (pytorch#190056).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.models.neural.arrays import Activation, Array, Arrays, Cell, Masks


class TorchArrays(Arrays):
    framework: ClassVar[Literal["torch", "mlx"]] = "torch"
    chunk: ClassVar[int] = 1024

    @contextmanager
    def computing(self) -> Iterator[None]:
        import torch

        devices.get(f"torch:{self.device}")
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def without_gradients(self) -> AbstractContextManager[Any]:
        import torch

        return torch.no_grad()

    def place(self, values: NDArray[Any]) -> Array:
        import torch

        whole = values.dtype.kind in "iu"
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int32 if whole else np.float32)).to(self.device)

    def to_numpy(self, array: Array) -> NDArray[Any]:
        return np.array(array.detach().cpu().numpy())

    def masks(self, seed: Sequence[int]) -> Masks:
        return _Masks(seed, self.device)

    def stack(self, parts: Sequence[Array]) -> Array:
        import torch

        return torch.stack(list(parts))

    def rows(self, table: Array, index: NDArray[np.int64]) -> Array:
        import torch

        flat = torch.from_numpy(index.ravel()).to(self.device)
        return table.index_select(0, flat).reshape(*index.shape, -1)

    def constant(self, array: Array) -> Array:
        return array.detach()

    def minimum(self, a: Array, b: float) -> Array:
        return a.clamp(max=b)

    def maximum(self, a: Array, b: Array) -> Array:
        return a.clamp(min=b)

    def softplus(self, x: Array) -> Array:
        from torch.nn import functional

        return functional.softplus(x)

    def softmax(self, x: Array) -> Array:
        return x.softmax(-1)

    def activation(self, name: Activation, x: Array) -> Array:
        import torch

        return torch.tanh(x) if name == "tanh" else getattr(torch.nn.functional, name)(x)

    def linear(self, x: Array, weight: Array, bias: Array) -> Array:
        from torch.nn import functional

        return functional.linear(x, weight, bias)

    def layer_norm(self, x: Array, weight: Array, bias: Array) -> Array:
        from torch.nn import functional

        return functional.layer_norm(x, (x.shape[-1],), weight, bias)

    def recurrent(self, cell: Cell, x: Array, inputs: Array, recurrent: Array, bias: Array, new: Array | None) -> Array:
        """torch has a second bias, which is zero but for that of a GRU's new gate."""
        import torch

        units = recurrent.shape[1]
        zeros = torch.zeros_like(bias)
        second = zeros if new is None else torch.cat([zeros[: 2 * units], new])
        start = x.new_zeros(1, len(x), units)
        layer: Any = {"rnn": torch.rnn_tanh, "lstm": torch.lstm, "gru": torch.gru}[cell]
        states = (start, start) if cell == "lstm" else start
        weights = [inputs, recurrent, bias, second]
        return layer(x, states, weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)[0]

    def convolution(self, x: Array, weight: Array, dilation: int, groups: int) -> Array:
        from torch.nn import functional

        before = functional.pad(x.swapaxes(1, 2), ((weight.shape[2] - 1) * dilation, 0))
        return functional.conv1d(before, weight, dilation=dilation, groups=groups).swapaxes(1, 2)

    def causal_attention(self, query: Array, key: Array, value: Array) -> Array:
        from torch.nn import functional

        return functional.scaled_dot_product_attention(query, key, value, is_causal=True)


class _Masks(Masks):
    def __init__(self, seed: Sequence[int], device: str) -> None:
        self._seed, self._device = seed, device

    @cached_property
    def _generator(self) -> Any:
        import torch

        number = int(np.random.SeedSequence(self._seed).generate_state(1, np.uint64)[0] >> 1)
        return torch.Generator(self._device).manual_seed(number)

    def kept(self, like: Array, share: float) -> Array:
        import torch

        return torch.empty_like(like).bernoulli_(share, generator=self._generator)
