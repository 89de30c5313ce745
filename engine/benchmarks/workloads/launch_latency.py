"""Latency of a call that does next to nothing."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import CALLS, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin(
    "launch_latency", title="Launch latency", group="Arithmetic", synonyms=("overhead", "dispatch", "kernel launch")
)
class LaunchLatency(Primitive):
    """Additions to a few numbers, each to the result of the one before, and one wait for the last.

    Small work is bound by it.
    """

    unit: ClassVar[Unit] = CALLS
    pace: ClassVar[float] = 2e4
    axis: ClassVar[str] = "steps"
    default_sizes: ClassVar[tuple[int, ...]] = (1, 100)

    kind: Literal["launch_latency"] = "launch_latency"
    steps: int = parameter(100, title="Calls", help="Before the one wait.", ge=1, le=10_000, step=10)
    count: int = parameter(16, title="Numbers", ge=1, le=100_000, step=16)

    def label(self) -> str:
        return f"{self.steps} calls on {self.count} numbers {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.count,),)

    def counts(self) -> tuple[int, int, int]:
        return self.count, self.count, 1_024 * self.steps

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return _repeated(operations, arrays[0], self.steps)

    def amount(self) -> float:
        return float(self.steps)


def _repeated(operations: Operations, x: Any, steps: int) -> Any:
    for _ in range(steps):
        x = operations.increment(x)
    return x
