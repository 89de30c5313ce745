"""Operations of networks on the arrays of one framework, on one device.

What a network, a loss and an optimiser need beyond the operators and methods that the arrays of torch and MLX share
(``+``, ``[...]``, ``reshape``, ``swapaxes``, ``mean(axis)``, ``exp`` ...). Weights have torch's shapes in both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Array = Any
"""An array of the framework."""
Cell = Literal["rnn", "lstm", "gru"]
Activation = Literal["relu", "gelu", "silu", "elu", "tanh"]


class Masks(ABC):
    """Random masks that follow from a seed alone, one after another."""

    @abstractmethod
    def kept(self, like: Array, share: float) -> Array:
        """Zeros and ones of the shape of ``like``, one with the probability ``share``."""


class Operations(ABC):
    """What is done to values on their way through a network. float32 throughout."""

    @abstractmethod
    def place(self, values: NDArray[Any]) -> Array:
        """float32, or int32 of whole numbers, on the device; it may share the memory of ``values``."""

    @abstractmethod
    def constant(self, array: Array) -> Array:
        """The array without a gradient."""

    @abstractmethod
    def softmax(self, x: Array) -> Array:
        """Along the last axis."""

    @abstractmethod
    def activation(self, name: Activation, x: Array) -> Array: ...

    @abstractmethod
    def linear(self, x: Array, weight: Array, bias: Array) -> Array:
        """(..., inputs) to (..., outputs) by ``weight`` (outputs, inputs)."""

    @abstractmethod
    def layer_norm(self, x: Array, weight: Array, bias: Array) -> Array:
        """Over the last axis, eps 1e-5."""

    @abstractmethod
    def recurrent(self, cell: Cell, x: Array, inputs: Array, recurrent: Array, bias: Array, new: Array | None) -> Array:
        """Outputs of every step (windows, steps, units) of one layer on ``x`` (windows, steps, features).

        ``inputs`` (gates x units, features), ``recurrent`` (gates x units, units), one ``bias`` (gates x units). Gates
        of an LSTM: input, forget, cell, output; of a GRU: reset, update, new, the last with another bias, ``new``
        (units), of the recurrent part alone. An RNN has tanh.
        """

    @abstractmethod
    def convolution(self, x: Array, weight: Array, dilation: int, groups: int) -> Array:
        """Causal: outputs (windows, steps, channels) of ``x`` (windows, steps, channels), which zeros go before, by
        ``weight`` (channels, channels / groups, taps), whose last tap is the step itself.
        """

    @abstractmethod
    def causal_attention(self, query: Array, key: Array, value: Array) -> Array:
        """Scaled dot-product attention (windows, heads, steps, width) of each step to itself and those before."""


class Arrays(Operations):
    """A framework on a ``device``, its own word for a processor."""

    framework: ClassVar[Literal["torch", "mlx"]]
    chunk: ClassVar[int]
    """Windows that are predicted at a time: products of matrices of one shape round alike."""

    def __init__(self, device: str) -> None:
        self.device = device

    @abstractmethod
    def computing(self) -> AbstractContextManager[None]:
        """In which everything here is done. Raises ``DeviceError`` where the device is not there."""

    @abstractmethod
    def without_gradients(self) -> AbstractContextManager[Any]:
        """In which nothing is kept for gradients."""

    @abstractmethod
    def to_numpy(self, array: Array) -> NDArray[Any]:
        """A copy."""

    def numbers(self, scalars: Sequence[Array]) -> NDArray[np.float64]:
        """Arrays of one number each, fetched together."""
        return np.asarray(self.to_numpy(self.stack(scalars)), dtype=np.float64) if scalars else np.empty(0)

    @abstractmethod
    def masks(self, seed: Sequence[int]) -> Masks:
        """Masks that follow from the whole numbers of ``seed``."""

    @abstractmethod
    def stack(self, parts: Sequence[Array]) -> Array: ...

    @abstractmethod
    def rows(self, table: Array, index: NDArray[np.int64]) -> Array:
        """Rows of ``table`` (rows, columns), in the shape of ``index`` and columns."""

    @abstractmethod
    def minimum(self, a: Array, b: float) -> Array: ...

    @abstractmethod
    def maximum(self, a: Array, b: Array) -> Array: ...

    @abstractmethod
    def softplus(self, x: Array) -> Array:
        """log(1 + exp(x))."""
