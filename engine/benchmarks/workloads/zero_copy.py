"""Numbers of a library read by NumPy where they lie: what sharing memory saves."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GIGABYTES, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels


@plugin("zero_copy", title="Hand-over to NumPy", group="Arithmetic", synonyms=("unified memory", "view", "transfer"))
class ZeroCopy(Primitive):
    """An array of the library handed to NumPy: without a copy where both share memory, else with one.

    The rate counts the bytes that are handed over. Without a copy none is moved, and the time is the same at any size.
    """

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 1e9
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (20, 200)

    kind: Literal["zero_copy"] = "zero_copy"
    symbols: int = parameter(200, title="Symbols", ge=1, le=100_000, step=100)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=2, le=1_000_000, step=1_000)

    def label(self) -> str:
        return f"Hand-over of {self.symbols} × {self.bars} {self.precision} to NumPy"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.symbols, self.bars),)

    def counts(self) -> tuple[int, int, int]:
        return self.symbols * self.bars, self.symbols * self.bars, 0

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.lend(*arrays)

    def compute(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        found = super().compute(kernels, inputs)
        found[:1, :1].sum()  # the first number is read: a view of what is not yet computed would be none
        return found

    def values(self, kernels: Kernels, result: Any) -> NDArray[Any]:
        return np.array(result)

    def amount(self) -> float:
        return float(self.itemsize() * self.symbols * self.bars)

    def traffic(self) -> float:
        """Nothing need move."""
        return 0.0

    def bound(self) -> float:
        """Nothing is rounded."""
        return 0.0
