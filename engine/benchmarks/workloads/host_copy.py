"""Prices from the memory of the host to that of the device, which every use of a GPU begins with."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from engine.benchmarks.kernel_workload import Arrays
from engine.benchmarks.operations import Operations, operations_for
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GIGABYTES, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels


@plugin(
    "host_copy", title="Copy to the device", group="Arithmetic", synonyms=("transfer", "upload", "memory", "bandwidth")
)
class HostCopy(Primitive):
    """Every number is read once and written once.

    On a CPU it is a copy in memory; where memory is shared a library may do less.
    """

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 1e9
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (20, 200)

    kind: Literal["host_copy"] = "host_copy"
    symbols: int = parameter(200, title="Symbols", ge=1, le=100_000, step=100)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=2, le=1_000_000, step=1_000)

    def label(self) -> str:
        return f"Copy of {self.symbols} × {self.bars} {self.precision} to the device"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.symbols, self.bars),)

    def counts(self) -> tuple[int, int, int]:
        return self.symbols * self.bars, self.symbols * self.bars, 0

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.upload(*arrays)

    def amount(self) -> float:
        return 2.0 * self.itemsize() * self.symbols * self.bars

    def bound(self) -> float:
        """Nothing is rounded."""
        return 0.0

    def placed(self, kernels: Kernels, inputs: Arrays) -> tuple[Any, ...]:
        """The inputs stay on the host."""
        return operations_for(kernels), *(np.ascontiguousarray(array, dtype=self.precision) for array in inputs)
