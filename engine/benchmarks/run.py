"""Measuring a workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.benchmarks.harness import measure
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.core.progress import Progress
from engine.jobs.executors import computes


@computes(BenchmarkSpec)
def compute(spec: BenchmarkSpec, inputs: Mapping[str, Any], progress: Progress) -> BenchmarkResult:
    """Timings of this machine."""
    return measure(spec, progress)
