"""What a benchmark measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASELINE = "numpy:cpu"
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
    """Timings of one workload on the devices of one machine; every array has a value, or a row, per device.

    ``samples`` (devices x repetitions) are wall seconds of single calls, warm-up excluded, padded with NaN;
    ``median``, ``lower`` and ``upper`` are theirs and their quartiles. ``error`` is the largest relative difference
    from NumPy in float64, ``bound`` what it may be. ``rate`` is in ``unit``. ``usable`` is False for a device that
    failed or exceeded the bound: it was not timed, and ``note`` says why. ``threads`` are the CPU threads that the
    library could use; ``measured`` is in seconds since 1970; ``busy`` is the share of the CPU, from 0 to 1, that other
    programs used just before.
    """

    workload: str
    devices: tuple[str, ...]
    descriptions: tuple[str, ...]
    samples: Floats
    median: Floats
    lower: Floats
    upper: Floats
    error: Floats
    bound: float
    rate: Floats
    unit: str
    usable: tuple[bool, ...]
    note: tuple[str, ...]
    threads: tuple[int, ...]
    machine: str
    versions: dict[str, str]
    measured: float
    busy: float = 0.0

    def speed_up(self, seconds: Floats | None = None, baseline: str = BASELINE) -> Floats:
        """How many times as fast as the baseline's median each device is, by its median or by ``seconds``.

        NaN where either was not timed.
        """
        if baseline not in self.devices:
            return np.full(len(self.devices), np.nan)
        reference = self.median[self.devices.index(baseline)]
        return np.asarray(reference / (self.median if seconds is None else seconds))

    def noise(self) -> float:
        """Largest distance between the quartiles of a device, relative to its median; NaN if nothing was timed."""
        spread = ((self.upper - self.lower) / self.median)[np.isfinite(self.median)]
        return float(spread.max()) if len(spread) else float("nan")

    def summary(self) -> Mapping[str, object]:
        """Machine, and by device the median, the speed-up, the rate and the error."""
        speed_up = self.speed_up()
        rows = {
            device: {
                "seconds": _plain(self.median[index]),
                "speed_up": _plain(speed_up[index]),
                "rate": _plain(self.rate[index]),
                "error": _plain(self.error[index]),
                "usable": self.usable[index],
                "note": self.note[index],
            }
            for index, device in enumerate(self.devices)
        }
        return {
            "workload": self.workload,
            "machine": self.machine,
            "unit": self.unit,
            "busy": self.busy,
            "devices": rows,
        }


def _plain(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
