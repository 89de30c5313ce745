"""Results of benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ceiling:
    """What the ``device`` reaches at most on one type of ``number``, as measured: FLOP/s of a large matrix product, and
    bytes a second that a copy reads and writes, from and to its ``memory``, and where all fits its ``cache``.
    """

    device: str
    number: str
    compute: float = 0.0
    memory: float = 0.0
    cache: float = 0.0

    @property
    def is_gpu(self) -> bool:
        return not self.device.endswith(":cpu")


@dataclass(frozen=True, eq=False)
class WorkloadResult:
    """Timings of one workload: variants x sizes.

    ``variants`` are names, ``titles`` and ``descriptions`` (the processor of each) theirs; ``reference`` is the
    variant that the others are compared with. ``sizes`` (sizes,) are values of the workload's ``axis``, ascending, and
    ``labels`` name the work at each. ``samples`` (variants x sizes x repetitions) are wall seconds of single calls,
    warm-up excluded, padded with NaN; ``median``, ``lower`` and ``upper`` (variants x sizes) are theirs and their
    quartiles. ``rate`` (variants x sizes) is in ``unit``, at the median. ``error`` (variants x sizes) is the relative
    difference from what was ``expected``, in words, and ``bound`` (sizes,) what it may be. ``usable`` (variants x
    sizes) is False where a variant failed or exceeded the bound: it was not timed, and ``notes`` (by variant, by size)
    say why. ``threads`` are the CPU threads that each variant could use. ``absent`` tells why each other variant of the
    workload, by title, could not be measured here. ``peak`` (variants x sizes) is the most memory, in bytes, that the
    process of a variant has held, its library included; NaN where the variants shared one. ``arithmetic`` and
    ``traffic`` (sizes,) are the floating-point operations of a call and the bytes that it must move at least, zero
    where they are not known; ``number`` is the type of its numbers. ``target`` (variants x sizes) are the seconds that
    a median must not exceed, NaN where there is none. ``measuring`` (sizes,) are the seconds that measuring each size
    took, but for waiting until other jobs had ended. ``energy`` (variants x sizes) are joules of a call, of the whole
    machine as its counters have it, known to ``energy_error``; NaN where there is no counter.
    """

    kind: str
    title: str
    axis: str
    sizes: Floats
    labels: tuple[str, ...]
    reference: str
    expected: str
    variants: tuple[str, ...]
    titles: tuple[str, ...]
    descriptions: tuple[str, ...]
    samples: Floats
    median: Floats
    lower: Floats
    upper: Floats
    error: Floats
    bound: Floats
    rate: Floats
    unit: str
    usable: NDArray[np.bool_]
    notes: tuple[tuple[str, ...], ...]
    threads: tuple[int, ...]
    absent: dict[str, str]
    peak: Floats = field(default_factory=lambda: np.empty((0, 0)))
    arithmetic: Floats = field(default_factory=lambda: np.empty(0))
    traffic: Floats = field(default_factory=lambda: np.empty(0))
    number: str = ""
    target: Floats = field(default_factory=lambda: np.empty((0, 0)))
    energy: Floats = field(default_factory=lambda: np.empty((0, 0)))
    energy_error: Floats = field(default_factory=lambda: np.empty((0, 0)))
    measuring: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def label(self) -> str:
        """The work, and at which sizes."""
        if len(self.labels) == 1:
            return self.labels[0]
        return f"{self.title}, {self.axis.lower()} {self.sizes[0]:,.0f} to {self.sizes[-1]:,.0f}"

    def speed_up(self, seconds: Floats | None = None, baseline: str = "") -> Floats:
        """How many times as fast as the baseline's median at the same size each variant is, by its median or by
        ``seconds`` (variants x sizes). The baseline is the reference unless another one is named; NaN where either was
        not timed.
        """
        baseline = baseline or self.reference
        if baseline not in self.variants:
            return np.full(self.median.shape, np.nan)
        reference = self.median[self.variants.index(baseline)]
        return np.asarray(reference / (self.median if seconds is None else seconds))

    def noise(self) -> float:
        """Largest distance between the quartiles of a timing, relative to its median; NaN if nothing was timed."""
        relative_iqr = ((self.upper - self.lower) / self.median)[np.isfinite(self.median)]
        return float(relative_iqr.max()) if len(relative_iqr) else float("nan")

    def summary(self) -> Mapping[str, object]:
        """By size, and there by variant, the median, the speed-up, the rate and the error."""
        sizes = {label: self._by_variant(index) for index, label in enumerate(self.labels)}
        return {"unit": self.unit, "reference": self.reference, "sizes": sizes, "absent": self.absent}

    def _by_variant(self, size: int) -> Mapping[str, object]:
        speed_up = self.speed_up()
        return {
            name: {
                "seconds": _none_if_nan(self.median[index, size]),
                "speed_up": _none_if_nan(speed_up[index, size]),
                "rate": _none_if_nan(self.rate[index, size]),
                "error": _none_if_nan(self.error[index, size]),
                "usable": bool(self.usable[index, size]),
                "note": self.notes[index][size],
            }
            for index, name in enumerate(self.variants)
        }


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
    """What a benchmark measured, of a workload or of each in a suite, on one machine.

    ``versions`` are those of the libraries measured; ``measured`` is in seconds since 1970; ``busy`` is the share of
    the CPU, from 0 to 1, that other programs used just before; ``fingerprint`` is that of the machine and its array
    libraries (``devices.fingerprint``): timings of another one are not to be compared. ``ceilings`` are those of the
    devices that took part. ``relative_iqr`` is the interquartile range over the median of a fixed piece of work before
    the first timing: how steady the machine was; NaN where it was not measured. ``beside`` says that other jobs ran
    meanwhile. ``no_energy`` says why no energy was measured, "" where it was.
    """

    results: tuple[WorkloadResult, ...]
    machine: str
    versions: dict[str, str]
    measured: float
    busy: float = 0.0
    fingerprint: str = ""
    ceilings: tuple[Ceiling, ...] = ()
    relative_iqr: float = field(default=float("nan"), metadata={"formerly": "spread"})
    beside: bool = False
    no_energy: str = ""

    def noise(self) -> float:
        """The largest noise of its workloads; NaN if nothing was timed."""
        found = [noise for item in self.results if np.isfinite(noise := item.noise())]
        return max(found, default=float("nan"))

    def summary(self) -> Mapping[str, object]:
        """Machine, and the summary of each workload."""
        workloads = {item.label: item.summary() for item in self.results}
        return {"machine": self.machine, "busy": self.busy, "workloads": workloads}


def _none_if_nan(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
