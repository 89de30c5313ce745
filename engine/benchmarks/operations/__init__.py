"""Operations that benchmarks time on each library: what networks and research code call, one library function each.

Arrays are the library's own. ``operations_for(kernels)`` binds them to the device of kernels, which bring arrays there,
wait for it and set its threads.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from engine.features.kernels import Kernels

Number = Literal["float32", "float64", "float16", "bfloat16"]
SIZES: Mapping[str, int] = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of a number."""


class Operations(ABC):
    """The operations of one library on the device of ``kernels``; a library's subclass is called ``Backend``."""

    def __init__(self, kernels: Kernels) -> None:
        self.kernels = kernels

    @abstractmethod
    def cast(self, x: Any, number: Number) -> Any:
        """Raises ``DeviceError`` where the library has no such numbers."""

    def upload(self, x: NDArray[Any]) -> Any:
        """``x`` copied from the host's memory to the device's."""
        return self.kernels.to_device(x, "float64" if x.dtype == np.float64 else "float32")

    def lend(self, x: Any) -> NDArray[Any]:
        """``x`` as NumPy reads it: where it lies if the library allows that, else a copy. Not to be written to."""
        return self.kernels.to_numpy(x)

    @abstractmethod
    def increment(self, x: Any) -> Any:
        """One more than each number."""

    @abstractmethod
    def copy(self, x: Any) -> Any:
        """Every number read once and written once elsewhere."""

    @abstractmethod
    def product(self, a: Any, b: Any) -> Any:
        """Matrix products of the last two axes."""

    @abstractmethod
    def convolution(self, x: Any, weight: Any) -> Any:
        """(series, bars - taps + 1, outputs) of ``x`` (series, bars, inputs) and ``weight`` (outputs, taps, inputs),
        without padding or a flip of the taps.
        """

    @abstractmethod
    def sort(self, x: Any) -> Any:
        """Ascending along the last axis."""

    @abstractmethod
    def total(self, x: Any) -> Any:
        """Sums along the last axis."""

    @abstractmethod
    def cumulative_sum(self, x: Any) -> Any:
        """Along the last axis."""

    @abstractmethod
    def softmax(self, x: Any) -> Any:
        """Along the last axis."""

    @abstractmethod
    def silu(self, x: Any) -> Any:
        """x / (1 + exp(-x))."""

    @abstractmethod
    def join(self, parts: Sequence[Any], axis: int) -> Any:
        """One array of several."""

    @abstractmethod
    def gather(self, x: Any, rows: Any) -> Any:
        """Rows of ``x`` (rows, columns) by their places ``rows``, which are whole numbers as floats."""

    @abstractmethod
    def scatter(self, x: Any, rows: Any, values: Any) -> Any:
        """``x`` with each row of ``values`` added to the row at its place; a place may come more than once."""

    @abstractmethod
    def index(self, rows: Any) -> Any:
        """Places for ``gather`` and ``scatter`` from whole numbers held as floats."""

    @abstractmethod
    def attention(self, query: Any, key: Any, value: Any) -> Any:
        """Scaled dot-product attention of ``query`` (batch, heads, steps, width) on ``key`` and ``value`` (batch,
        groups, steps, width): each group serves heads / groups heads, in order. Not causal.
        """


def operations_for(kernels: Kernels) -> Operations:
    """The operations of the library of ``kernels``, which is imported."""
    module = importlib.import_module(f"{__name__}.{kernels.device.library}")
    return cast(Operations, module.Backend(kernels))
