"""The work whose device follows from benchmarks, and what a result says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np

from engine import routing
from engine.backtest.sweeps import device_choice as sweeps
from engine.benchmarks.result import WorkloadResult
from engine.benchmarks.workloads import Workload
from engine.benchmarks.workloads.network_step import NETWORKS, Kind, NetworkStep
from engine.benchmarks.workloads.rolling_features import RollingFeatures
from engine.benchmarks.workloads.sweep_on_devices import SweepOnDevices
from engine.features import choice as features
from engine.models.neural import choice as networks
from engine.routing import Work


def works() -> tuple[Work, ...]:
    """All of it."""
    return features.WORK, sweeps.WORK, *(networks.work(name, NETWORKS[name]) for name in get_args(Kind))


def work_of(workload: Workload) -> Work | None:
    """That which a benchmark of ``workload`` decides on; None for most."""
    if isinstance(workload, RollingFeatures) and workload.precision == "float32":
        return features.WORK
    if isinstance(workload, SweepOnDevices):
        return sweeps.WORK
    if isinstance(workload, NetworkStep) and workload.work == "training":
        return networks.work(workload.network, NETWORKS[workload.network])
    return None


def keep(workload: Workload, result: WorkloadResult) -> None:
    """Have devices follow ``result``, where every one that could do the work was measured. Raises ``StoreError``."""
    work = work_of(workload)
    if work and set(work.here()) <= set(result.variants):
        routing.keep(work.name, seconds_by_device(result), excluded(result))


def seconds_by_device(result: WorkloadResult) -> dict[int, dict[str, float]]:
    """Medians by size and variant, of variants within the bound."""
    timed = result.usable & np.isfinite(result.median)
    return {
        int(size): {
            name: float(result.median[row, column]) for row, name in enumerate(result.variants) if timed[row, column]
        }
        for column, size in enumerate(result.sizes)
    }


def excluded(result: WorkloadResult) -> Mapping[str, str]:
    """Variants that were wrong or failed at some size, with the reason."""
    return {
        name: next((note for note, usable in zip(notes, used, strict=True) if note and not usable), "It failed.")
        for name, notes, used in zip(result.variants, result.notes, result.usable, strict=True)
        if not used.all()
    }
