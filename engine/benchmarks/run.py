"""Measuring a workload."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.benchmarks import durations, routed
from engine.benchmarks.durations import Taken
from engine.benchmarks.harness import measure
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import START, BenchmarkSpec
from engine.benchmarks.workloads import Workload
from engine.core.progress import Progress
from engine.jobs.executors import performs


@performs(BenchmarkSpec)
def perform(action: BenchmarkSpec, progress: Progress) -> BenchmarkResult:
    """Timings of this machine. Kept are those that the choice of a device follows, and durations for estimates."""
    result = measure(action, progress)
    for sizes, item in zip(action.series(), result.results, strict=True):
        routed.keep(sizes[0], item)
    durations.keep(taken(action, result))
    return result


def taken(action: BenchmarkSpec, result: BenchmarkResult) -> Mapping[Workload, Taken]:
    """What measuring each piece of work took. A library's start is in what it took first, and no part of that work."""
    found, started = dict[Workload, Taken](), set[str]()
    for sizes, item in zip(action.series(), result.results, strict=True):
        libraries = {name.partition(":")[0] for name in item.variants}
        for place, workload in enumerate(sizes):
            calls = dict(zip(item.variants, map(float, np.nan_to_num(item.median[:, place])), strict=True))
            counted = sum(map(action.lane_seconds, calls.values())) + START * len(libraries - started)
            found[workload] = Taken(calls, float(item.measuring[place]) - counted)
            started |= libraries
    return found
