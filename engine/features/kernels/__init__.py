"""Kernels: array arithmetic written once for each library, batched over symbols and windows.

``kernels_for(device)`` gives the functions of a device's library, bound to it. Arrays in between are the library's own
(``Any`` here); they belong to the thread that made them, which MLX enforces.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DeviceError
from engine.devices import Device

Precision = Literal["float32", "float64"]


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

    @abstractmethod
    def rolling_mean(self, x: Any, windows: Sequence[int]) -> Any:
        """Means of the last ``windows[j]`` values: x (symbols x bars) gives (symbols x windows x bars).

        The first ``windows[j] - 1`` bars are NaN, so is every window that holds a NaN, and no other of finite values.
        The error is within ``rolling_mean_bound(windows[j], precision)``. Sums are built by doubling: those of 2, 4,
        8... values, each from two of the half, and a window of 200 from those of 128, 64 and 8. In the difference of
        two cumulative sums rounding grows with the history and a NaN never leaves; here a window's mean follows from
        its own values alone.
        """


def kernels_for(device: Device) -> Kernels:
    """The kernels of ``device``; imports its library."""
    module = importlib.import_module(f"{__name__}.{device.library}")
    return cast(Kernels, module.Backend(device))


def unit_roundoff(precision: Precision) -> float:
    """Largest relative error of one rounding: 2^-24 for float32, 2^-53 for float64."""
    return float(np.finfo(precision).eps) / 2


def rolling_mean_bound(window: int, precision: Precision) -> float:
    """Largest error of ``rolling_mean``, relative to the mean of the magnitudes in the window.

    A sum by doubling is floor(log2 w) + 1 additions deep (Higham, Accuracy and Stability of Numerical Algorithms,
    2002, 4.2); rounding the input and dividing add one each, and one is kept for a GPU's division. A float64
    reference of the same kind is allowed for.
    """
    depth = int(window).bit_length() + 3
    return depth * (unit_roundoff(precision) + unit_roundoff("float64"))


def matrix_product_bound(inner: int, precision: Precision) -> float:
    """Largest error expected of ``matrix_product``, relative to the largest magnitude in the product.

    It holds for factors of independent entries with zero mean, where roundings add up like a random walk: 4 sqrt(k)
    unit roundoffs (Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis, 2019). Arithmetic of
    less than the stated precision, such as TF32, exceeds it by an order of magnitude.
    """
    return 4 * float(np.sqrt(inner)) * (unit_roundoff(precision) + unit_roundoff("float64"))


def window_sums(x: Any, windows: Sequence[int]) -> dict[int, Any]:
    """Sums of every ``window`` adjacent values along the second axis, by window; longer windows than x are left out.

    ``x`` is any library's array that slices and adds. Raises ``ValueError`` for a window without a bar.
    """
    if not windows or min(windows) < 1:
        raise ValueError(f"Windows must hold at least one bar, not {tuple(windows)}.")
    bars = int(x.shape[1])
    fitting = {window for window in windows if window <= bars}
    sums: dict[int, Any] = {}
    block, width = x, 1  # block[:, i] is the sum of x[:, i : i + width]
    while fitting and width <= max(fitting):
        for window in fitting:
            have = window & (width - 1)  # so many values are summed already
            if window & width:
                sums[window] = block[:, : bars - have - width + 1] + sums[window][:, width:] if have else block
        if 2 * width <= bars:
            block = block[:, :-width] + block[:, width:]
        width *= 2
    return sums
