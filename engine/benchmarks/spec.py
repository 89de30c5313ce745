"""The request to measure a workload."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import field_validator

from engine import devices
from engine.benchmarks.workloads import WORKLOADS, Workload
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.core.errors import did_you_mean
from engine.core.spec import Estimate, Resources, RunSpec, parameter

ROUNDS = 3  # the samples of a device are spread over so many turns: a drift of the clock meets every device
PAUSE = 0.25  # seconds before a turn: idle BLAS threads spin on for 0.1 to 0.2 s and would slow the next library down
WARM_UP = 0.2  # seconds of calls before the first sample, one call at least
PATIENCE = 10.0  # seconds that the samples of a device may take; it has three unless one call takes longer
FEWEST = 3


class BenchmarkSpec(RunSpec):
    """One workload on some devices of this machine; none named means all that are present."""

    kind: Literal["benchmark"] = "benchmark"
    workload: Annotated[Workload, WORKLOADS] = parameter(MatrixProduct(), title="Workload", section="Workload")
    devices: tuple[str, ...] = parameter(
        (), title="Devices", help="None chosen: every one present.", choices=devices.NAMES, section="Benchmark"
    )
    repetitions: int = parameter(
        20, title="Repetitions", help="Timed calls on each device.", ge=FEWEST, le=200, step=1, section="Benchmark"
    )
    take: int = parameter(
        1, title="Take", help="What was measured is kept; a new take measures again.", ge=1, step=1, section="Benchmark"
    )

    @field_validator("devices")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in devices.NAMES:
                raise ValueError(f"'{name[:40]}' is not a device.{did_you_mean(name, tuple(devices.NAMES))}")
        if len(set(names)) < len(names):
            raise ValueError("A device is named twice.")
        return names

    def label(self) -> str:
        return f"{self.workload.label()}, take {self.take}"

    def environment(self) -> str:
        """The machine and its libraries: another one measures for itself."""
        return devices.fingerprint()

    def resources(self) -> Resources:
        """All cores, so that no two benchmarks measure each other, and the GPU if one is measured."""
        names = self.devices or devices.expected()
        return Resources(gpus=int(any(not name.endswith(":cpu") for name in names)), threads=devices.cores())

    def estimate(self) -> Estimate:
        """Supposes a slow processor: 10 GFLOP/s, 1 GB/s."""
        names = self.devices or devices.expected()
        call = self.workload.amount() / {"GFLOP/s": 1e10, "GB/s": 1e9}[self.workload.unit]
        each = ROUNDS * PAUSE + WARM_UP + min(PATIENCE, call * self.repetitions)
        return Estimate(len(names) * each, self.workload.megabytes(len(names)))
