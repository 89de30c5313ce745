"""Many small matrix products at once: what attention and recurrent networks are made of."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GFLOPS, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin("batched_product", title="Batched product", group="Arithmetic", synonyms=("bmm", "matmul", "gemm"))
class BatchedProduct(Primitive):
    """Products of many pairs of small square matrices of normal numbers, in one call."""

    unit: ClassVar[Unit] = GFLOPS
    pace: ClassVar[float] = 5e9
    axis: ClassVar[str] = "batches"
    default_sizes: ClassVar[tuple[int, ...]] = (16, 256)

    kind: Literal["batched_product"] = "batched_product"
    batches: int = parameter(256, title="Batches", help="Pairs of matrices.", ge=1, le=100_000, step=16)
    size: int = parameter(64, title="Size", help="Rows and columns of each matrix.", ge=4, le=2_048, step=16)

    def label(self) -> str:
        return f"Batched product {self.batches} × {self.size} × {self.size} {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.batches, self.size, self.size),) * 2

    def counts(self) -> tuple[int, int, int]:
        return 2 * self.batches * self.size**2, self.batches * self.size**2, 0

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.product(*arrays)

    def amount(self) -> float:
        return 2.0 * self.batches * self.size**3

    def depth(self) -> int:
        return self.size

    def traffic(self) -> float:
        return 3.0 * self.itemsize() * self.batches * self.size**2
