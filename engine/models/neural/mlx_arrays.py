"""Networks' operations on MLX: Metal on Apple silicon, CUDA or the CPU on Linux.

An array belongs to the thread that made it. Nothing is compiled by ``mx.compile``, which on a CPU would leave its code
in a folder that others can write. Recurrent layers are loops over the steps, as MLX's own are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.models.neural.arrays import Activation, Array, Arrays, Cell, Masks


class MlxArrays(Arrays):
    framework: ClassVar[Literal["torch", "mlx"]] = "mlx"
    chunk: ClassVar[int] = 128

    @contextmanager
    def computing(self) -> Iterator[None]:
        import mlx.core as mx

        devices.get(f"mlx:{self.device}")
        with mx.stream(mx.Device(mx.gpu if self.device == "gpu" else mx.cpu)):
            yield

    def without_gradients(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def place(self, values: NDArray[Any]) -> Array:
        import mlx.core as mx

        return mx.array(values, dtype=mx.int32 if values.dtype.kind in "iu" else mx.float32)

    def to_numpy(self, array: Array) -> NDArray[Any]:
        return np.array(array)

    def masks(self, seed: Sequence[int]) -> Masks:
        return _Masks(seed)

    def stack(self, parts: Sequence[Array]) -> Array:
        import mlx.core as mx

        return mx.stack(list(parts))

    def rows(self, table: Array, index: NDArray[np.int64]) -> Array:
        return table[self.place(index)]

    def constant(self, array: Array) -> Array:
        import mlx.core as mx

        return mx.stop_gradient(array)

    def minimum(self, a: Array, b: float) -> Array:
        import mlx.core as mx

        return mx.minimum(a, b)

    def maximum(self, a: Array, b: Array) -> Array:
        import mlx.core as mx

        return mx.maximum(a, b)

    def softplus(self, x: Array) -> Array:
        import mlx.core as mx

        return mx.logaddexp(x, 0.0)

    def softmax(self, x: Array) -> Array:
        import mlx.core as mx

        return mx.softmax(x, axis=-1, precise=True)

    def activation(self, name: Activation, x: Array) -> Array:
        from mlx import nn

        return getattr(nn, name)(x)

    def linear(self, x: Array, weight: Array, bias: Array) -> Array:
        import mlx.core as mx

        return mx.addmm(bias, x, weight.T)

    def layer_norm(self, x: Array, weight: Array, bias: Array) -> Array:
        import mlx.core as mx

        return mx.fast.layer_norm(x, weight, bias, 1e-5)

    def recurrent(self, cell: Cell, x: Array, inputs: Array, recurrent: Array, bias: Array, new: Array | None) -> Array:
        import mlx.core as mx

        step = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}[cell]
        driven, turned = self.linear(x, inputs, bias), recurrent.T
        hidden = mx.zeros((x.shape[0], recurrent.shape[1]))
        memory, found = hidden, []
        for at in range(x.shape[1]):
            hidden, memory = step(driven[:, at], hidden, memory, turned, new)
            found.append(hidden)
        return mx.stack(found, axis=1)

    def convolution(self, x: Array, weight: Array, dilation: int, groups: int) -> Array:
        import mlx.core as mx

        before = mx.pad(x, [(0, 0), ((weight.shape[2] - 1) * dilation, 0), (0, 0)])
        return mx.conv1d(before, weight.swapaxes(1, 2), dilation=dilation, groups=groups)

    def causal_attention(self, query: Array, key: Array, value: Array) -> Array:
        import mlx.core as mx

        return mx.fast.scaled_dot_product_attention(query, key, value, scale=query.shape[-1] ** -0.5, mask="causal")


def _rnn(driven: Array, hidden: Array, memory: Array, turned: Array, new: Array | None) -> tuple[Array, Array]:
    import mlx.core as mx

    return mx.tanh(driven + hidden @ turned), memory


def _lstm(driven: Array, hidden: Array, memory: Array, turned: Array, new: Array | None) -> tuple[Array, Array]:
    import mlx.core as mx

    gate_in, forget, cell, out = mx.split(driven + hidden @ turned, 4, axis=1)
    memory = mx.sigmoid(forget) * memory + mx.sigmoid(gate_in) * mx.tanh(cell)
    return mx.sigmoid(out) * mx.tanh(memory), memory


def _gru(driven: Array, hidden: Array, memory: Array, turned: Array, new: Array | None) -> tuple[Array, Array]:
    import mlx.core as mx

    units = hidden.shape[1]
    fed = hidden @ turned
    gates = mx.sigmoid(driven[:, : 2 * units] + fed[:, : 2 * units])
    reset, update = gates[:, :units], gates[:, units:]
    fresh = mx.tanh(driven[:, 2 * units :] + reset * (fed[:, 2 * units :] + new))
    return (1 - update) * fresh + update * hidden, memory


class _Masks(Masks):
    """MLX's global random state cannot be set back, so each mask has a key of its own."""

    def __init__(self, seed: Sequence[int]) -> None:
        self._seed, self._made = seed, 0

    def kept(self, like: Array, share: float) -> Array:
        import mlx.core as mx

        self._made += 1
        number = np.random.SeedSequence([*self._seed, self._made]).generate_state(1, np.uint64)[0] >> 1
        return mx.random.bernoulli(share, like.shape, key=mx.random.key(int(number))).astype(mx.float32)
