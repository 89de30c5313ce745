"""Ceilings of a device: its arithmetic by a matrix product, its memory by a copy (Williams et al. 2009,
"Roofline"), and how steady this machine is by a fixed piece of work.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from engine import devices
from engine.benchmarks.operations import SIZES, Number, operations_for
from engine.benchmarks.result import Ceiling
from engine.features.kernels import kernels_for
from engine.features.kernels.bounds import Precision

CALLS, PATIENCE = 12, 0.4  # calls of each measurement, and seconds from which on there are no more
COPIED = (1 << 16, 1 << 19, 1 << 22, 1 << 26)  # bytes: from what fits every cache to what fits none
FIXED, REPEATED = 0.1, 21  # seconds of the fixed work, and how often it is done
_PRODUCTS = {False: (256, 512, 1024), True: (1024, 4096, 8192)}  # by whether it is a GPU


def measured(device: str, number: Number) -> dict[str, Any]:
    """The fields of the ``Ceiling`` of ``device`` on such numbers: the fastest of some calls. Raises ``DeviceError``
    where it has none.
    """
    kernels = kernels_for(devices.get(device))
    operations, on_gpu = operations_for(kernels), kernels.device.processor != "cpu"
    base: Precision = "float64" if number == "float64" else "float32"
    found = Ceiling(device, number)
    with kernels.threads(devices.physical_cores()):
        for size in _PRODUCTS[on_gpu]:
            square = operations.cast(kernels.to_device(np.ones((size, size)), base), number)
            seconds = _fastest(lambda: kernels.synchronize(operations.product(square, square)))  # noqa: B023
            found = replace(found, compute=max(found.compute, 2.0 * size**3 / seconds))
        for size in COPIED:
            row = operations.cast(kernels.to_device(np.ones(size // SIZES[number]), base), number)
            seconds = _fastest(lambda: kernels.synchronize(operations.copy(row)))  # noqa: B023
            found = replace(found, cache=max(found.cache, 2.0 * size / seconds), memory=2.0 * size / seconds)
    kernels.release()
    return asdict(found)


def _fastest(call: Callable[[], object]) -> float:
    """Seconds of the fastest of some calls."""
    call()
    best, began = float("inf"), time.perf_counter()
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
        if time.perf_counter() - began > PATIENCE:
            break
    return best


def relative_iqr() -> float:
    """Interquartile range over the median of a piece of work that takes about 100 ms: products of small matrices on
    one thread, which touch no memory outside its cache.
    """
    from threadpoolctl import (  # type: ignore[import-untyped]
        threadpool_limits,
    )

    square = np.ones((64, 64))

    def work(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            square @ square
        return time.perf_counter() - started

    with threadpool_limits(1, user_api="blas"):
        count = 100
        while (taken := work(count)) < FIXED / 4:
            count *= 2
        count = max(int(count * FIXED / taken), 1)
        low, middle, high = np.percentile([work(count) for _ in range(REPEATED)], (25, 50, 75))
    return float((high - low) / middle)
