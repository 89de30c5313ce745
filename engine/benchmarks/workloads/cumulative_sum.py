"""Running sums of many series: each value waits for the one before."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GIGABYTES, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin("cumulative_sum", title="Cumulative sum", group="Arithmetic", synonyms=("cumsum", "scan"))
class CumulativeSum(Primitive):
    """Every number is read once and written once; what follows depends on what came before, which suits no GPU well."""

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 5e8
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (20, 200)

    kind: Literal["cumulative_sum"] = "cumulative_sum"
    symbols: int = parameter(200, title="Symbols", ge=1, le=100_000, step=100)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=2, le=1_000_000, step=1_000)

    def label(self) -> str:
        return f"Cumulative sum of {self.symbols} × {self.bars} {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.symbols, self.bars),)

    def counts(self) -> tuple[int, int, int]:
        return self.symbols * self.bars, self.symbols * self.bars, 0

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.cumulative_sum(*arrays)

    def amount(self) -> float:
        return 2.0 * self.itemsize() * self.symbols * self.bars

    def arithmetic(self) -> float:
        return float(self.symbols * self.bars)

    def depth(self) -> int:
        return self.bars
