"""The rolling mean of many price series: the indicator that most others contain."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine.benchmarks.kernel_workload import CHECKED_ROWS, Arrays, KernelWorkload, checked_rows
from engine.benchmarks.workloads import GIGABYTES, SEED, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels
from engine.features.kernels.bounds import rolling_mean_bound
from engine.features.kernels.doubling import window_sums


@plugin("rolling_mean", title="Rolling mean", group="Arithmetic", synonyms=("moving average", "window"))
class RollingMean(KernelWorkload):
    """The mean of the last bars, at each bar of many series at once.

    It does little arithmetic on many numbers, so it shows what a processor's memory moves. The rate counts each price
    read once and each mean written once.
    """

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 1e9
    axis: ClassVar[str] = "symbols"
    default_sizes: ClassVar[tuple[int, ...]] = (10, 100, 500)

    kind: Literal["rolling_mean"] = "rolling_mean"
    symbols: int = parameter(500, title="Symbols", ge=1, le=10_000, step=100)
    bars: int = parameter(5_000, title="Bars", help="Of each symbol.", ge=2, le=1_000_000, step=1_000)
    window: int = parameter(200, title="Window", unit="bars", ge=1, le=100_000, step=10)

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        if self.window > self.bars:
            raise ValueError(f"A window of {self.window} bars does not fit into {self.bars}.")
        return self

    def label(self) -> str:
        return f"Rolling mean of {self.window}, {self.symbols} × {self.bars} {self.precision}"

    def inputs(self) -> Arrays:
        """Prices that walk at random from 100, one percent a bar."""
        numbers = np.random.default_rng(SEED)
        prices = numbers.standard_normal((self.symbols, self.bars), dtype=np.dtype(self.precision).type)
        prices *= 0.01
        np.cumsum(prices, axis=1, out=prices)
        np.exp(prices, out=prices)
        prices *= 100
        return (prices,)

    def compute(self, kernels: Kernels, inputs: tuple[Any, ...]) -> Any:
        return kernels.rolling_mean(inputs[0], (self.window,))

    def amount(self) -> float:
        return 2.0 * self.itemsize() * self.symbols * self.bars

    def arithmetic(self) -> float:
        """A sum and a difference for each price, and a division."""
        return 3.0 * self.symbols * self.bars

    def expected(self, inputs: Arrays) -> NDArray[np.float64]:
        """The means of the checked symbols, after the warm-up."""
        checked = inputs[0][checked_rows(self.symbols)].astype(np.float64)
        return np.asarray(window_sums(checked, (self.window,))[self.window] / self.window)

    def error(self, result: NDArray[Any], expected: NDArray[np.float64]) -> float:
        """Largest difference, relative to the mean itself; infinite where a value is missing or too many."""
        found = result[checked_rows(self.symbols), 0]
        if np.isfinite(found[:, : self.window - 1]).any():
            return float("inf")
        difference = np.abs(found[:, self.window - 1 :] - expected) / expected
        return float(np.max(np.nan_to_num(difference, nan=np.inf)))

    def bound(self) -> float:
        return rolling_mean_bound(self.window, self.precision)

    def megabytes(self, variants: int) -> float:
        numbers = self.symbols * self.bars
        working = 4  # partial sums of a call, which a GPU keeps for all symbols at once
        alive = (2 + 2 * variants + working) * self.itemsize()
        return (numbers * alive + 6 * 8 * min(CHECKED_ROWS, self.symbols) * self.bars) / 1e6
