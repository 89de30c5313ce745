"""The product of two square matrices: the arithmetic that networks are made of."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.kernel_workload import CHECKED_ROWS, Arrays, KernelWorkload, checked_rows
from engine.benchmarks.workloads import GFLOPS, SEED, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels
from engine.features.kernels.bounds import matrix_product_bound


@plugin("matrix_product", title="Matrix product", group="Arithmetic", synonyms=("matmul", "gemm"))
class MatrixProduct(KernelWorkload):
    """The product of two square matrices of normal numbers.

    2 n^3 floating-point operations on 3 n^2 numbers: it shows what a processor computes, not what its memory moves.
    """

    unit: ClassVar[Unit] = GFLOPS
    pace: ClassVar[float] = 1e10
    axis: ClassVar[str] = "size"
    default_sizes: ClassVar[tuple[int, ...]] = (256, 512, 1024)

    kind: Literal["matrix_product"] = "matrix_product"
    size: int = parameter(1024, title="Size", help="Rows and columns of each matrix.", ge=64, le=32_768, step=64)

    def label(self) -> str:
        return f"Matrix product {self.size} × {self.size} {self.precision}"

    def inputs(self) -> Arrays:
        numbers = np.random.default_rng(SEED)
        shape = (self.size, self.size)
        return tuple(numbers.standard_normal(shape, dtype=np.dtype(self.precision).type) for _ in range(2))

    def compute(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        return kernels.matrix_product(*inputs)

    def amount(self) -> float:
        return 2.0 * self.size**3

    def traffic(self) -> float:
        return 3.0 * self.itemsize() * self.size**2

    def expected(self, inputs: Arrays) -> NDArray[np.float64]:
        """The checked rows of the product."""
        left, right = inputs
        return np.asarray(left[checked_rows(self.size)].astype(np.float64) @ right.astype(np.float64))

    def error(self, result: NDArray[Any], expected: NDArray[np.float64]) -> float:
        """Largest difference, relative to the largest magnitude of the product."""
        return float(np.max(np.abs(result[checked_rows(self.size)] - expected)) / np.max(np.abs(expected)))

    def bound(self) -> float:
        return matrix_product_bound(self.size, self.precision)

    def megabytes(self, variants: int) -> float:
        square = self.size**2
        alive = (2 + 3 * variants + 1) * self.itemsize()  # on the host, on each device, the copy that is checked
        return (square * (alive + 8) + 4 * 8 * CHECKED_ROWS * self.size) / 1e6
