"""Python started with one library: what every worker, test and script waits for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import SECONDS, Unit, Workload
from engine.core.errors import DeviceError
from engine.core.registry import plugin
from engine.core.spec import parameter

BARE = "python:bare"
LIBRARIES = {
    "numpy": ("NumPy", "numpy"), "pandas": ("pandas", "pandas"), "pyarrow": ("PyArrow", "pyarrow"),
    "numba": ("Numba", "numba"), "torch": ("torch", "torch"), "mlx": ("MLX", "mlx.core"),
    "lightgbm": ("LightGBM", "lightgbm"), "scikit-learn": ("scikit-learn", "sklearn.ensemble"),
    "TA-Lib": ("TA-Lib", "talib"), "vectorbt": ("vectorbt", "vectorbt"), "distributed": ("Dask", "distributed"),
}  # fmt: skip
"""What is imported, by the distribution that it needs."""


@plugin("library_import", title="Start and import", group="Research", synonyms=("startup", "cold start", "libraries"))
class LibraryImport(Workload):
    """A new process of Python that imports one library and ends, its files in the system's cache.

    Speed-ups are over Python alone. The parity check is that the import succeeds.
    """

    unit: ClassVar[Unit] = SECONDS
    pace: ClassVar[float] = 3.0
    axis: ClassVar[str] = "starts"
    default_sizes: ClassVar[tuple[int, ...]] = (1,)
    reference: ClassVar[str] = BARE
    compared_with: ClassVar[str] = "an import without an error"

    kind: Literal["library_import"] = "library_import"
    starts: int = parameter(2, title="Starts", help="One after the other, timed together.", ge=1, le=100, step=1)

    def label(self) -> str:
        return f"Start and import, {self.starts} time{'s' * (self.starts != 1)}"

    def variants(self) -> tuple[Variant, ...]:
        bare = Variant(BARE, "Python alone", partial(self._prepare, "sys"))
        return bare, *(
            Variant(f"python:{needs.lower()}", title, partial(self._prepare, name), (needs,))
            for needs, (title, name) in LIBRARIES.items()
        )

    def inputs(self) -> NDArray[np.float64]:
        """What a start should give."""
        return np.ones(self.starts)

    @contextmanager
    def _prepare(self, name: str, inputs: NDArray[np.float64]) -> Iterator[Prepared]:
        command = (sys.executable, "-c", f"import {name}")

        def call() -> int:
            for _ in range(self.starts):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise DeviceError(f"import {name} fails: {(done.stderr.splitlines() or ['it was killed'])[-1]}.")
            return self.starts

        yield Prepared(call, np.ones)

    def expected(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        return inputs

    def amount(self) -> float:
        return float(self.starts)

    def bound(self) -> float:
        return 0.0

    def megabytes(self, variants: int) -> float:
        """One process at a time; torch is the largest."""
        return 50.0 + 0.1 * variants + 1e-3 * self.starts
