"""Exponentials that sum to one: what attention does between its two products."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GIGABYTES, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin("softmax", title="Softmax", group="Arithmetic", synonyms=("exponential", "attention"))
class Softmax(Primitive):
    """Of each symbol over its bars.

    The rate counts each number read once and written once; libraries that fuse the steps come near it.
    """

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 5e8
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (20, 200)

    kind: Literal["softmax"] = "softmax"
    symbols: int = parameter(200, title="Symbols", ge=1, le=100_000, step=100)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=2, le=1_000_000, step=1_000)

    def label(self) -> str:
        return f"Softmax of {self.symbols} × {self.bars} {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.symbols, self.bars),)

    def counts(self) -> tuple[int, int, int]:
        return self.symbols * self.bars, self.symbols * self.bars, self.symbols * self.bars

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return operations.softmax(*arrays)

    def amount(self) -> float:
        return 2.0 * self.itemsize() * self.symbols * self.bars

    def arithmetic(self) -> float:
        return 5.0 * self.symbols * self.bars

    def depth(self) -> int:
        return self.bars
