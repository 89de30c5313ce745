"""Scaled dot-product attention (Vaswani et al. 2017): what transformers spend their time on."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from numpy.typing import NDArray
from pydantic import model_validator

from engine.benchmarks.kernel_workload import Arrays
from engine.benchmarks.operations import Operations, operations_for
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GFLOPS, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels


@plugin("attention", title="Attention", group="Arithmetic", synonyms=("sdpa", "transformer", "flash", "grouped-query"))
class Attention(Primitive):
    """Every head of the queries attends to all steps.

    Fewer heads of keys than of queries is grouped-query attention (Ainslie et al. 2023). Each library uses its fused
    kernel where it has one.
    """

    unit: ClassVar[Unit] = GFLOPS
    pace: ClassVar[float] = 2e9
    axis: ClassVar[str] = "steps"
    default_sizes: ClassVar[tuple[int, ...]] = (64, 256)

    kind: Literal["attention"] = "attention"
    steps: int = parameter(256, title="Steps", help="Of the sequence.", ge=4, le=32_768, step=64)
    heads: int = parameter(8, title="Heads", help="Of the queries.", ge=1, le=64, step=1)
    shared: int = parameter(1, title="Heads per key", help="Above 1: grouped-query attention.", ge=1, le=8, step=1)
    width: int = parameter(64, title="Width", help="Of each head.", ge=8, le=256, step=8)
    half: Literal["none", "float16", "bfloat16"] = parameter(
        "none",
        title="Half precision",
        help="Of inputs and arithmetic, in place of the precision.",
        choices={"none": "none", "float16": "float16", "bfloat16": "bfloat16"},
    )

    @model_validator(mode="after")
    def _shared_evenly(self) -> Self:
        if self.heads % self.shared:
            raise ValueError(f"{self.heads} heads are not a multiple of {self.shared} per key.")
        return self

    def label(self) -> str:
        return f"Attention of {self.heads} heads on {self.groups()}, {self.steps} × {self.width} {self.number()}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return (1, self.heads, self.steps, self.width), *((1, self.groups(), self.steps, self.width),) * 2

    def counts(self) -> tuple[int, int, int]:
        return (
            (self.heads + 2 * self.groups()) * self.steps * self.width,
            self.heads * self.steps * self.width,
            self.heads * self.steps * (2 * self.steps + 2 * self.width),
        )

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.attention(*arrays)

    def amount(self) -> float:
        return 4.0 * self.heads * self.steps**2 * self.width

    def depth(self) -> int:
        return self.steps

    def traffic(self) -> float:
        return 2.0 * self.numbers() * (self.heads + self.groups()) * self.steps * self.width

    def bound(self) -> float:
        if self.half == "none":
            return super().bound()
        return {"float16": 5e-3, "bfloat16": 3e-2}[self.half]  # eight and three times half a unit in the last place

    def groups(self) -> int:
        """Heads of the keys and values."""
        return max(self.heads // self.shared, 1)

    def number(self) -> str:
        return self.precision if self.half == "none" else self.half

    def numbers(self) -> int:
        """Bytes of a number."""
        return self.itemsize() if self.half == "none" else 2

    def placed(self, kernels: Kernels, inputs: Arrays) -> tuple[Any, ...]:
        operations, *arrays = super().placed(kernels, inputs)
        if self.half == "none":
            return operations, *arrays
        return operations, *(operations.cast(array, self.half) for array in arrays)

    def values(self, kernels: Kernels, result: Any) -> NDArray[Any]:
        return super().values(kernels, operations_for(kernels).cast(result, self.precision))
