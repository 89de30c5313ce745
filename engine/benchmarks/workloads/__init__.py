"""Workloads: one piece of work each, done by every device alike."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.core.registry import Registry
from engine.core.spec import Spec, parameter
from engine.features.kernels import Kernels, Precision

SEED = 20_240_229
CHECKED_ROWS = 64  # of a result are compared with the reference: all of them would take longer than the timing

Arrays = tuple[NDArray[Any], ...]


class Workload(Spec):
    """Contract of a workload.

    ``host_inputs()`` makes the inputs, the same each time; every device gets its copy before the clock starts.
    ``call`` is what the clock measures: work of ``amount()`` (floating-point operations for ``unit`` "GFLOP/s", bytes
    read and written for "GB/s"). ``error`` compares a result with one that NumPy computes in float64 and must stay
    within ``bound()``, or the device counts as unusable. ``megabytes(devices)`` covers all that is alive at once with
    so many devices.
    """

    unit: ClassVar[Literal["GFLOP/s", "GB/s"]]
    kind: str = ""
    precision: Precision = parameter(
        "float32",
        title="Precision",
        help="Of inputs and arithmetic, on every device. GPUs of Apple have no float64.",
        choices={"float32": "float32", "float64": "float64"},
    )

    def host_inputs(self) -> Arrays:
        raise TypeError(f"{type(self).__name__} has no host_inputs method.")

    def call(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        raise TypeError(f"{type(self).__name__} has no call method.")

    def amount(self) -> float:
        raise TypeError(f"{type(self).__name__} has no amount method.")

    def error(self, inputs: Arrays, result: NDArray[Any]) -> float:
        raise TypeError(f"{type(self).__name__} has no error method.")

    def bound(self) -> float:
        raise TypeError(f"{type(self).__name__} has no bound method.")

    def megabytes(self, devices: int) -> float:
        raise TypeError(f"{type(self).__name__} has no megabytes method.")

    def itemsize(self) -> int:
        """Bytes of a number."""
        return np.dtype(self.precision).itemsize


WORKLOADS = Registry("workloads", Workload, "engine.benchmarks.workloads")


def checked_rows(count: int) -> NDArray[np.intp]:
    """Rows to compare, spread evenly from the first to the last."""
    return np.unique(np.linspace(0, count - 1, CHECKED_ROWS).astype(np.intp))
