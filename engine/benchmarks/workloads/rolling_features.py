"""A set of features over windows, from prices in memory to values in memory: it decides where features are computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.benchmarks.kernel_workload import Arrays, KernelWorkload
from engine.benchmarks.variants import Prepared
from engine.benchmarks.workloads import ROWS, SEED, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels, kernels_for
from engine.features.kernels.bounds import BOUNDS, Precision
from engine.features.kernels.series import compute

WINDOWS = (5, 10, 20, 50, 100, 200)
FIGURES = ("rolling_mean", "rolling_std", "rolling_min", "rolling_max", "exponential_mean")


@plugin(
    "rolling_features", title="Rolling features", group="Research", synonyms=("feature set", "indicators", "device")
)
class RollingFeatures(KernelWorkload):
    """Means, deviations, extremes and exponential means of six windows from 5 to 200 bars, of many symbols at once.

    The transfer to the device and back is part of the time. Features with the device "Fastest measured" follow the last
    result of this workload on this machine. The rate counts bars of symbols.
    """

    unit: ClassVar[Unit] = ROWS
    pace: ClassVar[float] = 2e5
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (1, 10, 100)

    kind: Literal["rolling_features"] = "rolling_features"
    symbols: int = parameter(100, title="Symbols", ge=1, le=2_000, step=10)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=max(WINDOWS) + 1, le=100_000, step=1_000)

    def label(self) -> str:
        return f"Rolling features, {self.symbols} × {self.bars} {self.precision}"

    def inputs(self) -> Arrays:
        """Prices that walk at random from 100, one percent a bar."""
        steps = np.random.default_rng(SEED).standard_normal((self.symbols, self.bars))
        return (100 * np.exp(np.cumsum(0.01 * steps, axis=1)),)

    def compute(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        return self._values(kernels, inputs, self.precision)

    def _values(self, kernels: Kernels, inputs: tuple[Any, ...], precision: Precision) -> NDArray[np.float64]:
        """(symbols, figures, windows, bars)."""
        symbols, bars = inputs[0].shape  # of each size, whichever this one has
        found = np.empty((symbols, len(FIGURES), len(WINDOWS), bars))
        for place, name in enumerate(FIGURES):
            found[:, place] = compute(kernels, name, inputs, WINDOWS, precision)
        return found

    @contextmanager
    def _prepare(self, name: str, inputs: Arrays) -> Iterator[Prepared]:
        kernels = kernels_for(devices.get(name))
        try:
            with kernels.threads(devices.physical_cores()) as threads:
                yield Prepared(lambda: self.compute(kernels, inputs), np.asarray, threads)
        finally:
            kernels.release()

    def amount(self) -> float:
        return float(self.symbols * self.bars)

    def expected(self, inputs: Arrays) -> NDArray[np.float64]:
        """In float64."""
        return self._values(kernels_for(devices.get(self.reference)), inputs, "float64")

    def error(self, result: NDArray[Any], expected: NDArray[np.float64]) -> float:
        """Largest difference, relative to the mean price or, of a deviation, to a hundredth of it, which is what one
        bar moves; infinite where a value is missing.
        """
        if result.shape != expected.shape or (np.isnan(result) != np.isnan(expected)).any():
            return float("inf")
        scale = np.repeat(expected[:, :1], len(FIGURES), axis=1)
        scale[:, FIGURES.index("rolling_std")] *= 0.01
        return float(np.nanmax(np.abs(result - expected) / scale, initial=0.0))

    def bound(self) -> float:
        return max(BOUNDS[name].at(self.precision) for name in FIGURES)

    def megabytes(self, variants: int) -> float:
        values = self.symbols * self.bars * len(FIGURES) * len(WINDOWS)
        return 1e-6 * values * (40 + np.dtype(self.precision).itemsize)  # result, reference and their comparison
