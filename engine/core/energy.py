"""Joules by the counters of the machine: of processor packages (RAPL, under Linux), of NVIDIA's GPUs (NVML), and of
Apple's chips, where the package zeus-apple-silicon is installed (not yet run on a Mac).

They count the whole machine, whoever computes. A counter that advances in steps is known to a step: the error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_APPLE_PARTS = ("cpu_total_mj", "gpu_mj", "gpu_sram_mj", "ane_mj", "dram_mj")
_PATIENCE = 0.3  # seconds to wait for a counter's steps
NONE = (
    "The energy counters of the processor (RAPL) are missing or readable by root only, and no NVIDIA driver reports "
    "those of a GPU. On Apple silicon: pip install 'stratoscope[energy]'."
)


@dataclass(frozen=True)
class Counter:
    """``read`` gives units of ``scale`` joules, and begins anew at ``range`` units; 0 for never."""

    read: Callable[[], int]
    scale: float
    range: int = 0

    def between(self, before: int, after: int) -> float:
        """Joules; a counter that has begun anew did so once."""
        return self.scale * (after - before + (self.range if after < before else 0))


class Counters:
    """All that this user may read, as one."""

    def __init__(self, counters: Sequence[Counter]) -> None:
        self._counters = tuple(counters)

    @property
    def reason(self) -> str:
        """Why there is none, a sentence; "" where there is."""
        return "" if self._counters else NONE

    def read(self) -> tuple[int, ...]:
        """The state of each, for ``since``; empty where one has failed."""
        try:
            return tuple(item.read() for item in self._counters)
        except Exception:  # noqa: BLE001 - a driver may raise anything, and energy is not told then
            return ()

    def since(self, before: tuple[int, ...]) -> float:
        """Joules since then; NaN where they are not known."""
        after = self.read()
        if not before or len(after) != len(before):
            return float("nan")
        return sum(
            item.between(*pair) for item, pair in zip(self._counters, zip(before, after, strict=True), strict=True)
        )

    def step(self) -> float:
        """Joules by which they advance at once, the largest step that was seen of each."""
        with suppress(Exception):
            return sum(_step(item) for item in self._counters)
        return float("nan")


def _step(counter: Counter) -> float:
    """The largest of the first three steps, or what was counted while waiting for them."""
    largest, last, until, seen = 0.0, counter.read(), time.monotonic() + _PATIENCE, 0
    while seen < 3 and time.monotonic() < until:
        if (now := counter.read()) != last:
            largest, last, seen = max(largest, counter.between(last, now)), now, seen + 1
    return largest


def packages(root: Path = Path("/")) -> list[Path]:
    """The energy counters of processor packages that this user may read, in microjoules."""
    found = []
    for folder in sorted((root / "sys/class/powercap").glob("intel-rapl:[0-9]*")):
        with suppress(OSError, ValueError):
            if folder.name.count(":") == 1 and int((folder / "energy_uj").read_text()) >= 0:
                found.append(folder / "energy_uj")
    return found


def counters_of(root: Path, nvml: Any, apple: Any = None) -> Counters:
    """Those of the system whose files are under ``root``, of the open library ``nvml``, None for no GPU of NVIDIA's,
    and of ``apple``, the monitor of an Apple chip, None for no such chip.
    """
    found = []
    for path in packages(root):
        with suppress(OSError, ValueError):
            top = int((path.parent / "max_energy_range_uj").read_text())
            found.append(Counter(_reader(path), 1e-6, top))
    return Counters([*found, *(_gpus(nvml) if nvml else ()), *(_apple(apple) if apple else ())])


def _apple(monitor: Any) -> list[Counter]:
    """Millijoules of the parts of the chip, as ``AppleEnergyMonitor`` of zeus-apple-silicon tells them."""

    def drawn() -> int:
        told = monitor.get_cumulative_energy()
        return sum(int(getattr(told, name, None) or 0) for name in _APPLE_PARTS)

    with suppress(Exception):  # a chip that it does not know yet
        if drawn() > 0:
            return [Counter(drawn, 1e-3)]
    return []


def _reader(path: Path) -> Callable[[], int]:
    return lambda: int(path.read_text())


def _gpus(nvml: Any) -> list[Counter]:
    """Millijoules since the driver was loaded; GPUs before Volta, and slices of one, have no such counter."""
    found: list[Counter] = []
    count = 0
    with suppress(nvml.NVMLError):
        count = nvml.nvmlDeviceGetCount()
    for index in range(count):
        with suppress(nvml.NVMLError, AttributeError):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
            found.append(Counter(_gpu_reader(nvml, handle), 1e-3))
    return found


def _gpu_reader(nvml: Any, handle: Any) -> Callable[[], int]:
    return lambda: int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle))


@cache
def counters() -> Counters:
    """Those of this machine; the library of NVIDIA stays open, as each opening takes milliseconds."""
    import pynvml

    nvml = None
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        nvml = pynvml
    return counters_of(Path("/"), nvml, _apple_monitor())


def _apple_monitor() -> Any:
    """That of the package zeus-apple-silicon, which needs no root; None where it is not installed, or not on a Mac."""
    try:
        import zeus_apple_silicon  # a package of Apple silicon alone

        return zeus_apple_silicon.AppleEnergyMonitor()
    except Exception:  # noqa: BLE001 - it raises whatever it likes on another machine
        return None


@cache
def step() -> float:
    """Joules that a difference of ``counters`` is known to, measured once."""
    return counters().step()
