"""The sum of each of many series: nothing but reading."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GIGABYTES, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin("reduction", title="Reduction", group="Arithmetic", synonyms=("sum", "total"))
class Reduction(Primitive):
    """Every number is read once, and one written for each symbol."""

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 1e9
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (20, 200)

    kind: Literal["reduction"] = "reduction"
    symbols: int = parameter(200, title="Symbols", ge=1, le=100_000, step=100)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=2, le=1_000_000, step=1_000)

    def label(self) -> str:
        return f"Sum of {self.symbols} × {self.bars} {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.symbols, self.bars),)

    def counts(self) -> tuple[int, int, int]:
        return self.symbols * self.bars, self.symbols, 0

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.total(*arrays)

    def amount(self) -> float:
        return float(self.itemsize() * self.symbols * self.bars)

    def arithmetic(self) -> float:
        return float(self.symbols * self.bars)

    def depth(self) -> int:
        return self.bars
