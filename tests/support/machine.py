"""A machine at rest, a job and a benchmark's result, all made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dashboard.jobs.listing import Job
from dashboard.pages.hardware.processes import ProcessUse
from dashboard.pages.hardware.readings import Sample
from engine.benchmarks.result import BenchmarkResult, WorkloadResult

GIGA = 2**30
QUIET = Sample(
    moment=1000.0, cores=(10.0, 30.0), megahertz=2300.0, load=(0.5, 0.25, 0.75), memory=4 * GIGA,
    memory_total=16 * GIGA, swap=0, swap_total=0, disk_read=2.5e6, disk_write=0.0,
    server=ProcessUse(1, 128 * 2**20, 1.0), workers=(ProcessUse(2, GIGA, 95.0), ProcessUse(3, GIGA, 0.0)),
    own=2 * GIGA + 128 * 2**20, gpus=(),
)  # fmt: skip


def job(**about: Any) -> Job:
    values = {"key": "k", "page": "hardware", "kind": "benchmark", "label": "Matrix product", "spec": "",
              "message": "Timing", "created": 0.0, "status": "running", "fraction": 0.5}  # fmt: skip
    return Job(**(values | about))


def result(**about: Any) -> BenchmarkResult:
    """A benchmark of one workload; what is said ``about`` it is of the benchmark or of the workload."""
    made_up = WorkloadResult(
        kind="matrix_product", title="Matrix product", axis="Size", sizes=np.array([64.0]),
        labels=("Matrix product 64 × 64 float32",), reference="numpy:cpu", expected="float64",
        variants=("numpy:cpu", "torch:cpu"), titles=("NumPy CPU", "torch CPU"), descriptions=("", ""),
        samples=np.array([[[0.002] * 3], [[np.nan] * 3]]), median=np.array([[0.002], [np.nan]]),
        lower=np.array([[0.0019], [np.nan]]), upper=np.array([[0.0022], [np.nan]]), error=np.array([[8.9e-7], [0.5]]),
        bound=np.array([1.2e-5]), rate=np.array([[22.912], [np.nan]]), unit="GFLOP/s",
        usable=np.array([[True], [False]]), notes=(("",), ("torch CPU differs from float64.",)), threads=(2, 2),
        absent={"torch CUDA": "No NVIDIA driver answers on this machine."},
    )  # fmt: skip
    of_all = {
        name: value
        for name, value in about.items()
        if name in ("results", "machine", "measured", "busy", "versions", "fingerprint")
    }
    part = replace(made_up, **{name: value for name, value in about.items() if name not in of_all})
    return replace(BenchmarkResult((part,), "made up", {}, 1.7e9), **of_all)
