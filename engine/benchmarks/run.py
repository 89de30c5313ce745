"""Measuring a workload."""

from __future__ import annotations

from engine.benchmarks.harness import measure
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.core.progress import Progress
from engine.jobs.executors import performs


@performs(BenchmarkSpec)
def perform(action: BenchmarkSpec, progress: Progress) -> BenchmarkResult:
    """Timings of this machine."""
    return measure(action, progress)
