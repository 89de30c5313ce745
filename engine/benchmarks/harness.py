"""Benchmarks: the same work by every variant, in turns, checked before it is timed."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

import numpy as np

from engine import devices
from engine.benchmarks.lane import Lane, first_line
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.spec import MINIMUM_REPETITIONS, PAUSE, ROUNDS, SAMPLING_BUDGET, WARM_UP, BenchmarkSpec
from engine.benchmarks.variants import Variant
from engine.benchmarks.workloads import Workload
from engine.core import libraries
from engine.core.config import settings
from engine.core.errors import DeviceError, EngineError
from engine.core.plugin_errors import plugin_errors
from engine.core.progress import Progress
from engine.core.registry import info

NOUN = "workload"
MEMORY_SHARE = 0.8  # of the memory that may be used: the libraries themselves need some


def measure(spec: BenchmarkSpec, progress: Progress) -> BenchmarkResult:
    """Timings of this machine. ``progress`` gets what is known of the workload and size under way: {"work": what it is,
    "reference", "variant": names, "title": theirs, "seconds": medians so far or None}.

    A variant that fails, lacks the precision or differs from what is expected is marked, and the others go on. Raises
    ``DeviceError`` for a variant that was named and is not here, and for more memory than may be used.
    """
    plan = [(sizes, _variants(spec, sizes[0])) for sizes in spec.series()]
    for sizes, variants in plan:
        for workload in sizes:
            require_memory(workload, len(variants))
    busy = _busy()
    shares = iter(_shares(progress, sum(len(sizes) for sizes, _ in plan)))
    results = []
    for sizes, variants in plan:
        columns = [_measure(workload, variants, spec.repetitions, next(shares)) for workload in sizes]
        results.append(_result(sizes, columns, spec.repetitions))
    needs = {name for _, variants in plan for item in variants for name in item.needs}
    versions = {**devices.library_versions(), **libraries.installed(sorted(needs))}
    return BenchmarkResult(
        results=tuple(results),
        machine=devices.machine().describe(),
        versions=versions,
        measured=time.time(),
        busy=busy,
        fingerprint=devices.fingerprint(),
    )


def _variants(spec: BenchmarkSpec, workload: Workload) -> tuple[Variant, ...]:
    """Those that are named, which must be here, or all that are."""
    if not spec.variants:
        return tuple(item for item in workload.variants() if not item.problem())
    chosen = spec.chosen(workload)
    for item in chosen:
        if problem := item.problem():
            raise DeviceError(problem)
    return chosen


def _shares(progress: Progress, count: int) -> list[Progress]:
    """``progress`` of each of ``count`` equal parts."""

    def part(index: int, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        progress((index + fraction) / count, message, partial)

    return [functools.partial(part, index) for index in range(count)]


def require_memory(workload: Workload, count: int) -> None:
    """Raises ``DeviceError`` if ``workload`` in ``count`` variants needs more memory than is free or configured."""
    import psutil

    free = min(psutil.virtual_memory().available / 1e6, settings().compute.memory_limit_mb) * MEMORY_SHARE
    with plugin_errors(workload, NOUN):
        needed = float(workload.megabytes(count))
    if needed > free:
        raise DeviceError(
            f"{workload.label()} needs about {needed / 1e3:.1f} GB in {count} variant{'s' * (count != 1)} and "
            f"{free / 1e3:.1f} GB may be used: choose a smaller size or fewer variants."
        )


def _busy() -> float:
    import psutil

    return psutil.cpu_percent(interval=PAUSE or None) / 100


def _measure(workload: Workload, variants: Sequence[Variant], repetitions: int, progress: Progress) -> list[Lane]:
    """The variants after their turns at one size."""
    with ExitStack() as stack:
        lanes = [Lane(variant) for variant in variants]
        for lane in lanes:
            stack.callback(lane.close)
        _prepare(lanes, workload, repetitions, progress)
        _take_turns(lanes, _reporter(lanes, workload, progress))
    return lanes


def _prepare(lanes: list[Lane], workload: Workload, repetitions: int, progress: Progress) -> None:
    """Every variant with its inputs, the first calls, and the check of their results."""
    progress(0.0, "Making the inputs")
    with plugin_errors(workload, NOUN):
        inputs = workload.inputs()
    expected = _expected(workload, inputs)
    for index, lane in enumerate(lanes):
        fraction, message = 0.2 * index / len(lanes), f"Warming up {lane.variant.title}"
        progress(fraction, message)
        with lane.watched():
            lane.prepare(inputs)
            lane.pace, result = lane.call()
            _check(lane, workload, result, expected)
        spent = 0.0
        while lane.usable and lane.pace <= SAMPLING_BUDGET and spent < WARM_UP:
            progress(fraction, message)
            with lane.watched():
                lane.pace, _ = lane.call()
                spent += lane.pace
        _plan(lane, repetitions)


def _expected(workload: Workload, inputs: Any) -> Any:
    """What results are compared with. Raises ``DeviceError`` where the reference cannot compute it."""
    try:
        return workload.expected(inputs)
    except EngineError:
        raise
    except Exception as error:
        raise DeviceError(
            f"{workload.label()} cannot be checked: {workload.versus()} failed: {first_line(error)}"
        ) from error


def _check(lane: Lane, workload: Workload, result: Any, expected: Any) -> None:
    """Rejects a variant whose result is too far from what is expected."""
    values = lane.ready.values(result)
    if not hasattr(values, "shape"):
        raise TypeError(f"its values are a {type(values).__name__}, and must be an array")
    lane.error, bound = workload.error(values, expected), workload.bound()
    if not lane.error <= bound:
        lane.reject(
            f"{lane.variant.title} differs from {workload.versus()} by {lane.error:.1e} where {bound:.1e} is allowed: "
            "not used."
        )


def _plan(lane: Lane, repetitions: int) -> None:
    """How many samples to take, by the pace of the warm-up."""
    if not lane.usable:
        return
    if lane.pace > SAMPLING_BUDGET:
        lane.note = f"One call took {lane.pace:.0f} s, more than the {SAMPLING_BUDGET:.0f} s that all calls may take."
        return
    lane.target = max(MINIMUM_REPETITIONS, min(repetitions, int(SAMPLING_BUDGET / lane.pace)))
    if lane.target < repetitions:
        lane.note = f"{lane.target} of {repetitions} repetitions: a call takes {lane.pace:.2g} s."


def _take_turns(lanes: list[Lane], report: Callable[[Lane, bool], None]) -> None:
    """The samples of every variant, a share a round, every second round in the opposite order."""
    for turn in range(ROUNDS):
        for lane in lanes if turn % 2 == 0 else reversed(lanes):
            share = lane.target * (turn + 1) // ROUNDS
            if share == len(lane.samples):
                continue
            report(lane, True)
            time.sleep(PAUSE)
            with lane.watched():
                lane.call()  # wakes the library's threads and the processor's clock
            while len(lane.samples) < min(share, lane.target):
                with lane.watched():
                    lane.samples.append(lane.call()[0])
                report(lane, False)


def _reporter(lanes: list[Lane], workload: Workload, progress: Progress) -> Callable[[Lane, bool], None]:
    """Reports to ``progress`` between samples, ten times a second at most: more would disturb the next one."""
    last = 0.0
    names = {
        "work": workload.label(),
        "reference": workload.reference,
        "variant": [item.variant.name for item in lanes],
        "title": [item.variant.title for item in lanes],
    }

    def report(lane: Lane, now: bool) -> None:
        nonlocal last
        if not now and time.monotonic() - last < 0.1:
            return
        last = time.monotonic()
        total = sum(item.pace * item.target for item in lanes) or 1.0
        done = sum(item.pace * len(item.samples) for item in lanes)
        seconds = [median(item.samples) if item.samples else None for item in lanes]
        progress(0.2 + 0.8 * min(done / total, 1.0), f"Timing {lane.variant.title}", {**names, "seconds": seconds})

    return report


def _result(sizes: Sequence[Workload], columns: Sequence[list[Lane]], repetitions: int) -> WorkloadResult:
    """The lanes of every size, stacked."""
    first, variants = sizes[0], [lane.variant for lane in columns[0]]
    samples = np.full((len(variants), len(sizes), repetitions), np.nan)
    quartiles = np.full((3, len(variants), len(sizes)), np.nan)
    for column, lanes in enumerate(columns):
        for row, lane in enumerate(lanes):
            samples[row, column, : len(lane.samples)] = lane.samples
            if lane.samples:
                quartiles[:, row, column] = np.percentile(lane.samples, (25, 50, 75))
    rates = [item.unit.rate(item.amount(), quartiles[1, :, column]) for column, item in enumerate(sizes)]
    rows = list(zip(*columns, strict=True))  # by variant
    return WorkloadResult(
        kind=first.kind,
        title=info(first).title,
        axis=first.axis_title(),
        sizes=np.array([float(item.axis_value()) for item in sizes]),
        labels=tuple(item.label() for item in sizes),
        reference=first.reference,
        expected=first.versus(),
        variants=tuple(item.name for item in variants),
        titles=tuple(item.title for item in variants),
        descriptions=tuple(item.description() for item in variants),
        samples=samples,
        median=quartiles[1].copy(),
        lower=quartiles[0].copy(),
        upper=quartiles[2].copy(),
        error=np.array([[lane.error for lane in row] for row in rows]).reshape(len(variants), len(sizes)),
        bound=np.array([item.bound() for item in sizes]),
        rate=np.stack(rates, axis=1),
        unit=first.unit.symbol,
        usable=np.array([[lane.usable for lane in row] for row in rows]).reshape(len(variants), len(sizes)),
        notes=tuple(tuple(lane.note for lane in row) for row in rows),
        threads=tuple(max(lane.threads for lane in row) for row in rows),
        absent=_absent(first, variants),
    )


def _absent(workload: Workload, variants: Sequence[Variant]) -> dict[str, str]:
    names = {item.name for item in variants}
    others = [item for item in workload.variants() if item.name not in names]
    return {item.title: reason for item in others if (reason := item.unavailable() or item.problem())}
