"""Kernels: array arithmetic for each library, batched over symbols, windows and time.

``kernels_for(device)`` gives the functions of a device's library, bound to it. Arrays in between are the library's own
(``Any`` here); they belong to the thread that made them, which MLX enforces. ``bounds`` says how exact each is, and
``series.compute`` calls one on prices of any size in the way that loses least.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DeviceError
from engine.devices import Device
from engine.features.kernels.bounds import Precision


class Kernels(ABC):
    """The kernels of one library on one ``device``; a library's subclass is called ``Backend``."""

    block: ClassVar[int] = 1 << 17
    """Values that a CPU works on at a time, so that partial sums stay in its cache; a GPU takes all at once."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def to_device(self, values: NDArray[Any], precision: Precision) -> Any:
        """``values`` in ``precision`` and the device's memory. Raises ``DeviceError`` where it lacks float64."""
        if precision == "float64" and not self.device.float64:
            raise DeviceError(f"{self.device.title} computes in float32 only: choose float32 for it.")
        array = self._place(np.ascontiguousarray(values, dtype=precision))
        self.synchronize(array)
        return array

    def _row_blocks(self, rows: int, columns: int) -> list[slice]:
        step = max(1, self.block // max(columns, 1)) if self.device.processor == "cpu" else max(rows, 1)
        return [slice(start, start + step) for start in range(0, rows, step)]

    @abstractmethod
    def _place(self, values: NDArray[Any]) -> Any: ...

    @abstractmethod
    def to_numpy(self, array: Any) -> NDArray[Any]:
        """The evaluated array in the host's memory; on a CPU it may share that of ``array``."""

    @abstractmethod
    def synchronize(self, *arrays: Any) -> None:
        """Returns once the arrays hold their values and the device is idle: lazy work is done within this call."""

    @abstractmethod
    def threads(self, count: int) -> AbstractContextManager[int]:
        """Within the block the library computes on ``count`` CPU threads, or on as many as it yields."""

    def release(self) -> None:
        """Gives memory that the library keeps for later arrays back to the system."""
        return

    @abstractmethod
    def matrix_product(self, a: Any, b: Any) -> Any:
        """``a`` (m x k) times ``b`` (k x n), within ``matrix_product_bound(k, precision)``."""

    # Kernels of x (symbols, bars). Windows give (symbols, windows, bars): a window that reaches before the first bar,
    # or holds a value that is not finite, is NaN, and no other is. A window's figure follows from its own values.

    @abstractmethod
    def rolling_sum(self, x: Any, windows: Sequence[int]) -> Any: ...

    @abstractmethod
    def rolling_mean(self, x: Any, windows: Sequence[int]) -> Any:
        """Within ``rolling_mean_bound(windows[j], precision)``."""

    @abstractmethod
    def rolling_std(self, x: Any, windows: Sequence[int], freedom: int = 1) -> Any:
        """Standard deviations over ``window - freedom``, NaN unless that is positive; zero for equal values."""

    @abstractmethod
    def rolling_min(self, x: Any, windows: Sequence[int]) -> Any: ...

    @abstractmethod
    def rolling_max(self, x: Any, windows: Sequence[int]) -> Any: ...

    @abstractmethod
    def rolling_rank(self, x: Any, windows: Sequence[int]) -> Any:
        """Of the last value in its window, from 0 to 1; equal values share theirs. NaN for a window of one."""

    @abstractmethod
    def rolling_quantile(self, x: Any, windows: Sequence[int], share: float = 0.5) -> Any:
        """The value below which ``share`` of the window lies, interpolated between neighbours."""

    @abstractmethod
    def rolling_correlation(self, x: Any, y: Any, windows: Sequence[int]) -> Any:
        """NaN where one of them does not move; the figures of a line likewise, where ``x`` does not."""

    @abstractmethod
    def regression_slope(self, x: Any, y: Any, windows: Sequence[int]) -> Any:
        """Of the least-squares line of ``y`` on ``x``."""

    @abstractmethod
    def regression_residual(self, x: Any, y: Any, windows: Sequence[int]) -> Any:
        """The last ``y`` less its place on that line."""

    @abstractmethod
    def regression_r_squared(self, x: Any, y: Any, windows: Sequence[int]) -> Any: ...

    @abstractmethod
    def exponential_mean(self, x: Any, windows: Sequence[int]) -> Any:
        """Smoothed by 2 / (window + 1), from the mean of the first ``window`` values on; begun anew behind a gap."""

    @abstractmethod
    def lag(self, x: Any, bars: Sequence[int]) -> Any:
        """(symbols, len(bars), bars): the values so many bars ago."""

    @abstractmethod
    def cumulative_sum(self, x: Any) -> Any:
        """(symbols, bars): of all values since the last gap, as the other cumulative kernels."""

    @abstractmethod
    def cumulative_product(self, x: Any) -> Any: ...

    @abstractmethod
    def cumulative_min(self, x: Any) -> Any: ...

    @abstractmethod
    def cumulative_max(self, x: Any) -> Any: ...


def kernels_for(device: Device) -> Kernels:
    """The kernels of ``device``; imports its library."""
    return backend(device.library)(device)


def backend(library: str) -> type[Kernels]:
    """The kernels of a library, which is not imported for it."""
    return cast(type[Kernels], importlib.import_module(f"{__name__}.{library}").Backend)
