"""Workloads of one operation that every array library has."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.benchmarks.kernel_workload import Arrays, KernelWorkload
from engine.benchmarks.operations import Operations, operations_for
from engine.benchmarks.workloads import SEED
from engine.features.kernels import Kernels, kernels_for
from engine.features.kernels.bounds import matrix_product_bound


class Primitive(KernelWorkload):
    """Contract of an operation: ``work`` is what the clock measures, and by NumPy in float64 what is expected.

    ``counts`` are the numbers in the inputs, in the result, and in between; ``depth`` is how many numbers are added for
    one of the result, by which rounding grows.
    """

    compared_with: ClassVar[str] = "float64"

    @abstractmethod
    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        """The operation, on arrays of the library."""

    @abstractmethod
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the inputs."""

    @abstractmethod
    def counts(self) -> tuple[int, int, int]: ...

    def depth(self) -> int:
        return 1

    def inputs(self) -> Arrays:
        """Normal numbers."""
        numbers = np.random.default_rng(SEED)
        return tuple(numbers.standard_normal(shape, dtype=np.dtype(self.precision).type) for shape in self.shapes())

    def placed(self, kernels: Kernels, inputs: Arrays) -> tuple[Any, ...]:
        return operations_for(kernels), *super().placed(kernels, inputs)

    def compute(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        operations, *arrays = inputs
        return self.work(operations, tuple(arrays))

    def expected(self, inputs: Arrays) -> NDArray[np.float64]:
        operations = operations_for(kernels_for(devices.get(self.reference)))
        arrays = tuple(np.asarray(array, dtype=np.float64) for array in inputs)
        return np.asarray(self.work(operations, arrays), dtype=np.float64)

    def bound(self) -> float:
        return matrix_product_bound(self.depth(), self.precision)

    def megabytes(self, variants: int) -> float:
        """Inputs on the host, on each device and in float64; results with what is expected, and what lies between."""
        given, found, between = self.counts()
        size = self.itemsize()
        return (given * (size * (1 + variants) + 8) + found * (size * variants + 24) + between * 8) / 1e6
