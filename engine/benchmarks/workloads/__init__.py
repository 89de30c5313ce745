"""Workloads, each one piece of work that several variants do alike, and suites of them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.variants import Variant
from engine.core.errors import SpecError, did_you_mean
from engine.core.registry import Registry
from engine.core.spec import Spec

SAMPLING_BUDGET = 10.0
SEED = 20_240_229
NOUN = "workload"
GROUPS = ("Suites", "Arithmetic", "Research", "Storage")


@dataclass(frozen=True)
class Unit:
    """What a workload is rated in: its ``amount`` of work in ``scale`` pieces, a second; or the seconds themselves."""

    symbol: str
    scale: float = 1.0
    is_time: bool = False

    def rate(self, amount: float, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rates of calls that take ``seconds``."""
        return np.asarray(seconds if self.is_time else amount / self.scale / seconds)


GFLOPS = Unit("GFLOP/s", 1e9)
GIGABYTES = Unit("GB/s", 1e9)
ROWS = Unit("rows/s")
TOKENS = Unit("tokens/s")
VALUES = Unit("values/s")
CALLS = Unit("calls/s")
SECONDS = Unit("s", is_time=True)


@dataclass(frozen=True)
class Target:
    """``seconds`` that the variants of one library must not exceed on ``amount`` of work; less work has less time, at
    the same rate.
    """

    library: str
    seconds: float
    amount: float


class Benchmark(Spec):
    """What can be measured: a workload, or a suite of several."""

    descriptions: ClassVar[tuple[str, ...]] = ("label", "workloads")

    kind: str = ""

    @abstractmethod
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads, in the order in which they are measured."""

    def series(self) -> tuple[tuple[Workload, ...], ...]:
        """Each of them at every size at which it is measured, the smallest first."""
        return tuple(tuple(item.at(size) for size in item.default_sizes) for item in self.workloads())

    def budget(self) -> float:
        """Seconds for all samples of a variant at one size; one call that exceeds them is not timed."""
        return SAMPLING_BUDGET

    def measured_by(self, workload: Workload) -> tuple[str, ...]:
        """The libraries that measure one of its workloads; every one where that is empty."""
        return ()

    def targets(self, place: int) -> tuple[Target, ...]:
        """What the workload in that place of ``series`` is held to."""
        return ()


class Workload(Benchmark):
    """Contract of a workload: one piece of work, the same for every variant, at the size that its fields state.

    ``axis`` names the integer field that a scaling measurement varies; ``default_sizes`` are its values in a suite.
    ``inputs`` makes the inputs in the host's memory, the same each time. Each of ``variants`` does the work on them,
    ``amount`` pieces of it (floating-point operations, bytes, rows), in ``unit``; ``pace`` is what a slow processor
    does of it in a second, for estimates. A result is compared with ``expected``: its ``error`` must stay within
    ``bound``, or the variant counts as unusable. The variant called ``reference`` is what the others are compared with
    in speed. ``megabytes`` covers all that is alive at once with so many variants.
    """

    unit: ClassVar[Unit]
    pace: ClassVar[float]
    axis: ClassVar[str]
    default_sizes: ClassVar[tuple[int, ...]]
    reference: ClassVar[str]
    compared_with: ClassVar[str] = ""
    """What ``expected`` is, in words; the title of the reference by default."""
    descriptions: ClassVar[tuple[str, ...]] = ("label", "variants", "amount", "bound", "axis_value")

    @classmethod
    def contract_problem(cls) -> str:
        if cls.axis not in cls.model_fields or cls.model_fields[cls.axis].annotation is not int:
            return f"has no field '{cls.axis}' of whole numbers, which it names as its axis"
        return ""

    def workloads(self) -> tuple[Workload, ...]:
        return (self,)

    @abstractmethod
    def variants(self) -> tuple[Variant, ...]:
        """All variants, also those that this machine lacks; the reference is one of them."""

    @abstractmethod
    def inputs(self) -> Any:
        """The inputs, in the host's memory."""

    @abstractmethod
    def amount(self) -> float:
        """Work of one call."""

    @abstractmethod
    def bound(self) -> float:
        """Largest ``error`` of a right result."""

    @abstractmethod
    def megabytes(self, variants: int) -> float:
        """Peak memory with so many variants prepared."""

    def arithmetic(self) -> float:
        """Floating-point operations of one call; zero where they are not counted."""
        return self.amount() if self.unit == GFLOPS else 0.0

    def traffic(self) -> float:
        """Bytes that one call must read and write at least; zero where they are not counted."""
        return self.amount() if self.unit == GIGABYTES else 0.0

    def number(self) -> str:
        """The type of the numbers that it computes with; "" where that says nothing."""
        return ""

    def expected(self, inputs: Any) -> Any:
        """What a result is compared with: the result of the reference, unless a workload knows better."""
        with self.variant(self.reference).prepare(inputs) as prepared:
            return np.array(prepared.values(prepared.call()))

    def error(self, result: NDArray[Any], expected: Any) -> float:
        """Largest difference from ``expected``, relative to the largest magnitude in it; infinite for another shape."""
        if result.shape != expected.shape:
            return float("inf")
        return float(np.max(np.abs(result - expected)) / np.max(np.abs(expected)))

    def variant(self, name: str) -> Variant:
        """The variant called ``name``. Raises ``SpecError`` with the closest name."""
        known = {item.name: item for item in self.variants()}
        if name not in known:
            raise SpecError([("variants", f"'{name[:60]}' is not a variant.{did_you_mean(name[:60], tuple(known))}")])
        return known[name]

    def versus(self) -> str:
        """What results are checked against, in words."""
        return self.compared_with or self.variant(self.reference).title

    def axis_value(self) -> int:
        """The size that it has."""
        return int(getattr(self, self.axis))

    def at(self, size: int) -> Self:
        """The same work at another size. Raises ``SpecError``."""
        return type(self).parse({**self.model_dump(), self.axis: size})

    def axis_title(self) -> str:
        """The name of ``axis`` in forms and tables."""
        return str(type(self).model_fields[self.axis].title)


class Suite(Benchmark):
    """Contract of a suite: workloads that are measured one after the other, each at its usual sizes and by every
    variant that this machine has.
    """


WORKLOADS = Registry("workloads", Benchmark, "engine.benchmarks.workloads", GROUPS)
