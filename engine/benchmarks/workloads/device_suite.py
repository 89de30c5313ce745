"""The suite that compares devices."""

from __future__ import annotations

from typing import Literal

from engine.benchmarks.workloads import Suite, Workload
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.benchmarks.workloads.rolling_features import RollingFeatures
from engine.benchmarks.workloads.rolling_mean import RollingMean
from engine.benchmarks.workloads.sweep_on_devices import SweepOnDevices
from engine.core.registry import plugin


@plugin("device_suite", title="Devices", group="Suites", synonyms=("gpu", "cuda", "metal"))
class DeviceSuite(Suite):
    """Every device: a matrix product, a rolling mean, a set of features and a sweep with stops, small to large."""

    kind: Literal["device_suite"] = "device_suite"

    def label(self) -> str:
        return "Suite: devices"

    def workloads(self) -> tuple[Workload, ...]:
        return MatrixProduct(), RollingMean(), RollingFeatures(), SweepOnDevices()
