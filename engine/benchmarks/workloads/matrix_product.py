"""The product of two square matrices: the arithmetic that networks are made of."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.workloads import CHECKED_ROWS, SEED, Arrays, Workload, checked_rows
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels, matrix_product_bound


@plugin("matrix_product", title="Matrix product")
class MatrixProduct(Workload):
    """The product of two square matrices of normal numbers.

    2 n^3 floating-point operations on 3 n^2 numbers: it shows what a processor computes, not what its memory moves.
    """

    unit: ClassVar[Literal["GFLOP/s", "GB/s"]] = "GFLOP/s"
    kind: Literal["matrix_product"] = "matrix_product"
    size: int = parameter(1024, title="Size", help="Rows and columns of each matrix.", ge=64, le=8192, step=64)

    def label(self) -> str:
        return f"Matrix product {self.size} × {self.size} {self.precision}"

    def host_inputs(self) -> Arrays:
        numbers = np.random.default_rng(SEED)
        shape = (self.size, self.size)
        return tuple(numbers.standard_normal(shape, dtype=np.dtype(self.precision).type) for _ in range(2))

    def call(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        return kernels.matrix_product(*inputs)

    def amount(self) -> float:
        return 2.0 * self.size**3

    def error(self, inputs: Arrays, result: NDArray[Any]) -> float:
        """Largest difference, relative to the largest magnitude of the product."""
        rows, (left, right) = checked_rows(self.size), inputs
        exact = left[rows].astype(np.float64) @ right.astype(np.float64)
        return float(np.max(np.abs(result[rows] - exact)) / np.max(np.abs(exact)))

    def bound(self) -> float:
        return matrix_product_bound(self.size, self.precision)

    def megabytes(self, devices: int) -> float:
        square = self.size**2
        alive = (2 + 3 * devices + 1) * self.itemsize()  # on the host, on each device, the copy that is checked
        return (square * (alive + 8) + 4 * 8 * CHECKED_ROWS * self.size) / 1e6
