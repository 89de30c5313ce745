"""Measuring a workload."""

from __future__ import annotations

import numpy as np

from engine import devices
from engine.benchmarks.harness import measure
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.routing import of_network
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.network_step import NetworkStep
from engine.benchmarks.workloads.rolling_features import RollingFeatures
from engine.core.progress import Progress
from engine.features.choice import WORKLOAD
from engine.jobs.executors import performs


@performs(BenchmarkSpec)
def perform(action: BenchmarkSpec, progress: Progress) -> BenchmarkResult:
    """Timings of this machine; those that the choice of a device follows are kept for it."""
    result = measure(action, progress)
    for sizes, item in zip(action.series(), result.results, strict=True):
        if isinstance(sizes[0], RollingFeatures) and sizes[0].precision == "float32":
            devices.keep_crossovers(WORKLOAD, seconds_by_device(item))
        if isinstance(sizes[0], NetworkStep):
            devices.keep_crossovers(of_network(sizes[0].network, sizes[0].work), seconds_by_device(item))
    return result


def seconds_by_device(result: WorkloadResult) -> dict[int, dict[str, float]]:
    """Medians by size and variant, of variants within the bound."""
    timed = result.usable & np.isfinite(result.median)
    return {
        int(size): {
            name: float(result.median[row, column]) for row, name in enumerate(result.variants) if timed[row, column]
        }
        for column, size in enumerate(result.sizes)
    }
