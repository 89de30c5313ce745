"""Sorting many series: what ranks and quantiles rest on."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import VALUES, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin("sort", title="Sort", group="Arithmetic", synonyms=("rank", "order"))
class Sort(Primitive):
    """The values of each symbol in ascending order. The rate counts values."""

    unit: ClassVar[Unit] = VALUES
    pace: ClassVar[float] = 2e6
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (10, 100)

    kind: Literal["sort"] = "sort"
    symbols: int = parameter(100, title="Symbols", ge=1, le=100_000, step=100)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=2, le=1_000_000, step=1_000)

    def label(self) -> str:
        return f"Sort of {self.symbols} × {self.bars} {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.symbols, self.bars),)

    def counts(self) -> tuple[int, int, int]:
        return self.symbols * self.bars, self.symbols * self.bars, 0

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.sort(*arrays)

    def amount(self) -> float:
        return float(self.symbols * self.bars)

    def traffic(self) -> float:
        return 2.0 * self.itemsize() * self.symbols * self.bars

    def bound(self) -> float:
        """Nothing is rounded."""
        return 0.0
