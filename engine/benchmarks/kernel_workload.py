"""Workloads that our array kernels do: a variant for each library on each processor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import Workload
from engine.core.spec import parameter
from engine.features.kernels import Kernels, kernels_for
from engine.features.kernels.bounds import Precision

CHECKED_ROWS = 64  # of a result are compared with what is expected: all of them would take longer than the timing

Arrays = tuple[NDArray[Any], ...]


class KernelWorkload(Workload):
    """Contract of a workload on kernels: ``compute`` is what the clock measures, and ``expected`` is computed by NumPy
    in float64. Every device has its copy of the inputs, and its library a thread for each core.
    """

    reference: ClassVar[str] = "numpy:cpu"
    compared_with: ClassVar[str] = "float64"

    precision: Precision = parameter(
        "float32",
        title="Precision",
        help="Of inputs and arithmetic, on every device. GPUs of Apple have no float64.",
        choices={"float32": "float32", "float64": "float64"},
    )

    @abstractmethod
    def compute(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        """The work, on arrays of the library."""

    def variants(self) -> tuple[Variant, ...]:
        return tuple(
            Variant(name, title, partial(self._prepare, name), device=name) for name, title in devices.NAMES.items()
        )

    def number(self) -> str:
        return self.precision

    def placed(self, kernels: Kernels, inputs: Arrays) -> tuple[Any, ...]:
        """The inputs as arrays of the library, where its device computes."""
        return tuple(kernels.to_device(array, self.precision) for array in inputs)

    def values(self, kernels: Kernels, result: Any) -> NDArray[Any]:
        """A result in the host's memory."""
        return kernels.to_numpy(result)

    def itemsize(self) -> int:
        """Bytes of a number."""
        return np.dtype(self.precision).itemsize

    @contextmanager
    def _prepare(self, name: str, inputs: Arrays) -> Iterator[Prepared]:
        kernels = kernels_for(devices.get(name))
        placed: tuple[Any, ...] = ()

        def call() -> Any:
            result = self.compute(kernels, placed)
            kernels.synchronize(result)
            return result

        try:
            with kernels.threads(devices.physical_cores()) as threads:
                placed = self.placed(kernels, inputs)
                yield Prepared(call, lambda result: self.values(kernels, result), threads)
        finally:
            placed = ()  # before the library is asked to give memory back
            kernels.release()


def checked_rows(count: int) -> NDArray[np.intp]:
    """Rows to compare, spread evenly from the first to the last."""
    return np.unique(np.linspace(0, count - 1, CHECKED_ROWS).astype(np.intp))
