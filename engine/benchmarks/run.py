"""Measuring a workload."""

from __future__ import annotations

from engine.benchmarks import routed
from engine.benchmarks.harness import measure
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.core.progress import Progress
from engine.jobs.executors import performs


@performs(BenchmarkSpec)
def perform(action: BenchmarkSpec, progress: Progress) -> BenchmarkResult:
    """Timings of this machine; those that the choice of a device follows are kept for it."""
    result = measure(action, progress)
    for sizes, item in zip(action.series(), result.results, strict=True):
        routed.keep(sizes[0], item)
    return result
