"""The request to measure a workload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from engine import devices
from engine.benchmarks import durations
from engine.benchmarks.variants import Variant
from engine.benchmarks.workloads import SAMPLING_BUDGET as SAMPLING_BUDGET
from engine.benchmarks.workloads import WORKLOADS, Benchmark, Workload
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.core.errors import SpecError
from engine.core.spec import Action, Estimate, Resources, as_validation_error, parameter

ROUNDS = 3  # the samples of each variant are spread over as many turns: clock drift affects all variants alike
PAUSE = 0.25  # seconds before a turn: idle BLAS threads spin on for 0.1 to 0.2 s and would slow the next library down
START = 4.0  # seconds to start the process of a library and to measure its ceilings
STEADINESS = 3.0  # seconds to measure how steady the machine is
WARM_UP = 0.2  # seconds of calls before the first sample, one call at least
MINIMUM_REPETITIONS = 3  # beyond the budget too, unless one call alone exceeds it


class BenchmarkSpec(Action):
    """One workload, or a suite, on this machine; no variants named means all that are present. Several ``sizes`` are
    values of the workload's ``axis``; none means the one that the workload states.
    """

    kind: Literal["benchmark"] = "benchmark"
    workload: Annotated[Benchmark, WORKLOADS] = parameter(MatrixProduct(), title="Workload", section="Workload")
    sizes: tuple[Annotated[int, Field(ge=1)], ...] = parameter(
        (), title="Sizes", help="Several, to see how it scales. None: the size above.", section="Benchmark"
    )
    variants: tuple[str, ...] = parameter(
        (), title="Variants", help="None chosen: every one that is available.", section="Benchmark"
    )
    repetitions: int = parameter(
        20,
        title="Repetitions",
        help="Timed calls of each variant.",
        ge=MINIMUM_REPETITIONS,
        le=200,
        step=1,
        section="Benchmark",
    )

    beside_jobs: bool = parameter(
        False,
        title="Beside other jobs",
        help="Measure while other jobs run, which disturbs the timings. Off: it waits until they have ended.",
        section="Benchmark",
        seldom=True,
    )

    @field_validator("sizes")
    @classmethod
    def _ascending(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(sizes)) < len(sizes):
            raise ValueError("A size is named twice.")
        return tuple(sorted(sizes))

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        try:
            self._check()
        except SpecError as error:
            raise as_validation_error(error) from None
        return self

    def _check(self) -> None:
        if len(set(self.variants)) < len(self.variants):
            raise SpecError([("variants", "A variant is named twice.")])
        if isinstance(self.workload, Workload):
            for name in self.variants:
                self.workload.variant(name)
            for size in self.sizes:
                _check_size(self.workload, size)
            return
        for name in ("sizes", "variants"):
            if getattr(self, name):
                raise SpecError([(name, f"A suite has its own {name}: leave this empty.")])

    def series(self) -> tuple[tuple[Workload, ...], ...]:
        """Each workload, at every size that is measured of it, the smallest first."""
        if isinstance(self.workload, Workload):
            return (tuple(self.workload.at(size) for size in self.sizes) or (self.workload,),)
        return self.workload.series()

    def chosen(self, workload: Workload) -> tuple[Variant, ...]:
        """The variants that are named; with none named those that should be available, by what the server knows."""
        if self.variants:
            return tuple(workload.variant(name) for name in self.variants)
        return tuple(item for item in self.possible(workload) if not item.unavailable())

    def possible(self, workload: Workload) -> tuple[Variant, ...]:
        """The variants by the libraries that are to measure it, absent ones too."""
        only = self.workload.measured_by(workload)
        return tuple(item for item in workload.variants() if not only or item.library in only)

    def label(self) -> str:
        if not (self.sizes and isinstance(self.workload, Workload)):
            return self.workload.label()
        first, *others = self.sizes
        then = f", {self.workload.axis_title().lower()} {', '.join(f'{size:,}' for size in others)}" if others else ""
        return f"{self.workload.at(first).label()}{then}"

    def resources(self) -> Resources:
        """All cores, so that no two benchmarks measure each other, and the GPU if a variant computes on it."""
        on_gpu = any(item.on_gpu for sizes in self.series() for item in self.chosen(sizes[0]))
        return Resources(gpus=int(on_gpu), threads=devices.physical_cores())

    def estimate(self) -> Estimate:
        """By what measuring the same work has taken on this machine; of work that it has not measured yet it supposes a
        slow processor: see ``Workload.pace``.
        """
        items = [item for sizes in self.series() for item in sizes]
        libraries = {variant.library for item in items for variant in self.chosen(item)}
        seconds, megabytes, kept = STEADINESS + START * len(libraries), 0.0, durations.read()
        for item in items:
            chosen, taken = self.chosen(item), durations.known(item, kept)
            calls = taken.calls if taken else {}
            seconds += taken.rest if taken else 0.0
            seconds += sum(self.lane_seconds(calls.get(it.name, item.amount() / item.pace)) for it in chosen)
            megabytes = max(megabytes, megabytes_of(item, chosen))
        return Estimate(max(seconds, STEADINESS), megabytes)

    def lane_seconds(self, call: float) -> float:
        """Of one variant whose calls take ``call`` seconds: the first one is compared with what is expected, whatever
        it takes, and one that exceeds the budget is the last. None for one that is not called.
        """
        budget = self.workload.budget()
        if call > budget or not call:
            return call
        samples = max(MINIMUM_REPETITIONS, min(self.repetitions, int(budget / call)))
        return max(WARM_UP, call) + ROUNDS * PAUSE + call * (1 + ROUNDS + samples)


def megabytes_of(workload: Workload, variants: Sequence[Variant]) -> float:
    """Peak memory of all processes: each library has one, with inputs of its own, and so has the reference."""
    libraries = Counter(item.library for item in variants)
    libraries.setdefault(workload.reference.partition(":")[0], 1)
    return sum(float(workload.megabytes(count)) for count in libraries.values())


def _check_size(workload: Workload, size: int) -> None:
    """Raises ``SpecError`` at the field "sizes" where the workload cannot have that size."""
    try:
        workload.at(size)
    except SpecError as error:
        raise SpecError([("sizes", text) for _, text in error.problems]) from None
