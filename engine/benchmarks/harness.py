"""Benchmarks: the same work by every variant, in turns, checked before and after it is timed."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from engine import devices
from engine.benchmarks.alongside import Alongside
from engine.benchmarks.lane import Lane
from engine.benchmarks.processes import Apart, Bench
from engine.benchmarks.result import BenchmarkResult, Floats, WorkloadResult
from engine.benchmarks.roofs import Roofs
from engine.benchmarks.room import require_memory
from engine.benchmarks.spec import MINIMUM_REPETITIONS, PAUSE, ROUNDS, SAMPLING_BUDGET, WARM_UP, BenchmarkSpec
from engine.benchmarks.variants import Variant
from engine.benchmarks.workloads import Target, Workload
from engine.core import energy, libraries
from engine.core.errors import DeviceError
from engine.core.progress import Progress
from engine.core.registry import info

Plan = Sequence[tuple[tuple[Workload, ...], tuple[Variant, ...]]]
"""The sizes of each workload, and the variants that measure it."""


@dataclass(frozen=True)
class _Session:
    """What all workloads of a benchmark share."""

    spec: BenchmarkSpec
    bench: Bench
    roofs: Roofs
    alongside: Alongside


def measure(spec: BenchmarkSpec, progress: Progress, bench: Bench | None = None) -> BenchmarkResult:
    """Timings of this machine. ``progress`` gets what is known of the workload and size under way: {"work": what it is,
    "reference", "variant": names, "title": theirs, "seconds": medians so far or None}. The variants compute on
    ``bench``: each library in a process of its own.

    A variant that fails, lacks the precision, differs from what is expected or is faster than its device can be is
    marked, and the others go on. Raises ``DeviceError`` for a variant that was named and is not here, and for more
    memory than there is.
    """
    plan = [(sizes, _variants(spec, sizes[0])) for sizes in spec.series()]
    for sizes, variants in plan:
        for workload in sizes:
            require_memory(workload, variants)
    bench = bench or Apart()
    with closing(bench):
        return _measured(spec, plan, bench, progress)


def _measured(spec: BenchmarkSpec, plan: Plan, bench: Bench, progress: Progress) -> BenchmarkResult:
    alongside = Alongside(spec.beside_jobs, progress)
    progress = alongside.progress
    alongside.wait()
    busy = _busy()
    progress(0.0, "Measuring how steady this machine is")
    report = functools.partial(progress, 0.0, "Measuring how steady this machine is")
    relative_iqr = bench.relative_iqr(report)
    roofs = Roofs(bench)
    session = _Session(spec, bench, roofs, alongside)
    shares = iter(_shares(progress, sum(len(sizes) for sizes, _ in plan)))
    results = list[WorkloadResult]()
    for sizes, variants in plan:
        measured = [_measure(session, workload, variants, next(shares)) for workload in sizes]
        result = _result(sizes, [lanes for lanes, _ in measured], spec.repetitions)
        targets = _targets(spec.workload.targets(len(results)), sizes, variants)
        results.append(replace(result, target=targets, measuring=np.array([seconds for _, seconds in measured])))
    needs = {name for _, variants in plan for item in variants for name in item.needs}
    versions = {**devices.library_versions(), **libraries.installed(sorted(needs))}
    return BenchmarkResult(
        results=tuple(results),
        machine=devices.machine().describe(),
        versions=versions,
        measured=time.time(),
        busy=busy,
        fingerprint=devices.fingerprint(),
        ceilings=roofs.found(),
        relative_iqr=relative_iqr,
        beside=alongside.seen,
        no_energy=energy.counters().reason,
    )


def _variants(spec: BenchmarkSpec, workload: Workload) -> tuple[Variant, ...]:
    """Those that are named, which must be here, or all that are."""
    if not spec.variants:
        return tuple(item for item in spec.possible(workload) if not item.problem())
    chosen = spec.chosen(workload)
    for item in chosen:
        if problem := item.problem():
            raise DeviceError(problem)
    return chosen


def _shares(progress: Progress, count: int) -> list[Progress]:
    """``progress`` of each of ``count`` equal parts, which says the how many-th it is."""

    def part(index: int, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        place = f"{index + 1} of {count}: " if count > 1 else ""
        progress((index + fraction) / count, f"{place}{message}", partial)

    return [functools.partial(part, index) for index in range(count)]


def _busy() -> float:
    import psutil

    return psutil.cpu_percent(interval=PAUSE or None) / 100


def _measure(
    session: _Session, workload: Workload, variants: Sequence[Variant], progress: Progress
) -> tuple[list[Lane], float]:
    """The variants after their turns at one size, and the seconds that it took, but for waiting."""
    spec, bench = session.spec, session.bench
    session.alongside.wait()
    began, waited = time.monotonic(), session.alongside.waited
    with ExitStack() as stack:
        progress(0.0, "Making the inputs")
        inputs, expected = bench.open(workload, functools.partial(progress, 0.0, "Making the inputs"))
        lanes = [bench.lane(variant) for variant in variants]
        for index, lane in enumerate(lanes):
            stack.callback(lane.close)
            report = functools.partial(progress, 0.2 * index / len(lanes), f"Warming up {lane.variant.title}")
            lane.begin(workload, inputs, expected, report)
            lane.warm_up(WARM_UP, report)
            _plan(lane, spec.repetitions, spec.workload.budget())
        _take_turns(lanes, _reporter(lanes, workload, progress), session.alongside)
    report = functools.partial(progress, 1.0, "Measuring what the device reaches at most")
    for lane in lanes:
        if problem := session.roofs.problem(workload, lane, report):
            lane.reject(problem)
    return lanes, time.monotonic() - began - (session.alongside.waited - waited)


def _targets(targets: Sequence[Target], sizes: Sequence[Workload], variants: Sequence[Variant]) -> Floats:
    """The ``target`` of a result: seconds for each variant at each size."""
    found = np.full((len(variants), len(sizes)), np.nan)
    for target in targets:
        for row, variant in enumerate(variants):
            if variant.library == target.library:
                found[row] = [target.seconds * item.amount() / target.amount for item in sizes]
    return found


def _plan(lane: Lane, repetitions: int, budget: float = SAMPLING_BUDGET) -> None:
    """How many samples to take, by the pace of the warm-up."""
    if not lane.usable:
        return
    if lane.pace > budget:
        lane.note = f"One call took {lane.pace:.0f} s, more than the {budget:.0f} s that all calls may take."
        return
    lane.target = max(MINIMUM_REPETITIONS, min(repetitions, int(budget / lane.pace)))
    if lane.target < repetitions:
        lane.note = f"{lane.target} of {repetitions} repetitions: a call takes {lane.pace:.2g} s."


def _take_turns(lanes: list[Lane], report: Callable[[Lane, bool], None], alongside: Alongside) -> None:
    """The samples of every variant, a share a round, every second round in the opposite order."""
    for turn in range(ROUNDS):
        for lane in lanes if turn % 2 == 0 else reversed(lanes):
            share = lane.target * (turn + 1) // ROUNDS
            if share == len(lane.samples):
                continue
            alongside.wait()
            report(lane, True)
            time.sleep(PAUSE)
            lane.sample(share, functools.partial(report, lane, False))
            alongside.look()


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
        peak=np.array([[lane.peak for lane in row] for row in rows]).reshape(len(variants), len(sizes)),
        arithmetic=np.array([float(item.arithmetic()) for item in sizes]),
        traffic=np.array([float(item.traffic()) for item in sizes]),
        number=first.number(),
        energy=_by_call(rows, lambda lane: lane.joules),
        energy_error=_by_call(rows, lambda lane: lane.joules_error),
    )


def _by_call(rows: Sequence[Sequence[Lane]], what: Callable[[Lane], float]) -> Floats:
    return np.array([[what(lane) / lane.metered if lane.metered else np.nan for lane in row] for row in rows])


def _absent(workload: Workload, variants: Sequence[Variant]) -> dict[str, str]:
    names = {item.name for item in variants}
    others = [item for item in workload.variants() if item.name not in names]
    return {item.title: reason for item in others if (reason := item.unavailable() or item.problem())}
