"""Readings of the machine at one moment, and over the last minutes as arrays for the charts."""

from __future__ import annotations

import contextlib
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from dashboard.pages.hardware.processes import Children, ProcessUse, use_of
from engine import devices
from engine.core.memory import container_memory
from engine.machine.host import linux
from engine.machine.host.sensors import AppleGpu, Heat, Sensors, plausible

Floats = NDArray[np.float64]

_UNTOLD = (OSError, RuntimeError, NotImplementedError, psutil.Error)  # what psutil raises where a system has no counter


@dataclass(frozen=True)
class GpuUse:
    """One GPU: ``busy`` in percent, ``memory`` and ``total`` in bytes, ``watts``, degrees Celsius and megahertz; None
    where the driver does not say. ``reason`` is what it says instead of the load.
    """

    busy: float | None
    memory: float | None
    total: float | None
    watts: float | None = None
    temperature: float | None = None
    megahertz: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Sample:
    """One reading. Percent for ``cores``, bytes for memory, bytes per second for the disk rates.

    ``moment`` is in seconds since 1970, ``megahertz`` the mean clock of the cores, ``own`` what the server and its
    children hold together, among them the ``template`` that workers are copies of; ``container`` the bytes that its
    container may use and does, ``pressure`` the percent of ten seconds in which some task waited for memory. None is
    for what this system does not report, never for zero; ``gpu_problem`` says why there are no ``gpus`` where their
    driver answered before.
    """

    moment: float
    cores: tuple[float, ...]
    megahertz: float | None
    load: tuple[float, float, float] | None
    memory: int
    memory_total: int
    swap: int
    swap_total: int
    disk_read: float | None
    disk_write: float | None
    server: ProcessUse
    workers: tuple[ProcessUse, ...]
    own: int
    gpus: tuple[GpuUse, ...]
    received: float | None = None
    sent: float | None = None
    container: tuple[int, int] | None = None
    pressure: float | None = None
    heat: Heat = field(default_factory=Heat)
    gpu_problem: str = ""
    template: ProcessUse | None = None

    @cached_property
    def packed(self) -> bytes:
        """The numbers that charts draw, as float64 in the order of ``history``: made once, as an hour of readings is
        joined each time that a chart is drawn.
        """
        rates = (self.disk_read, self.disk_write, self.received, self.sent)
        told = [float("nan") if rate is None else rate for rate in rates]
        row = (self.moment, self.memory, self.own, self.swap, *told, mean_busy(self.gpus), *self.cores)
        return array("d", row).tobytes()


@dataclass(frozen=True, eq=False)
class History:
    """Readings as arrays of the same length, oldest first; memory in bytes, the rest in percent. ``traffic`` (readings,
    4) is what disks read and wrote and the network brought and took, in bytes per second, NaN where that is not told.

    ``ages`` are seconds before the end, which is the last reading or a moment after it; ``cores`` is (readings, cores);
    ``gpu`` is the mean over all GPUs, NaN where there is none.
    """

    ages: Floats
    cores: Floats
    memory: Floats
    own: Floats
    swap: Floats
    gpu: Floats
    traffic: Floats


def history(samples: Sequence[Sample], end: float | None = None) -> History:
    """The readings that have as many cores as the last one: hot-plugged cores begin a new history. Those after ``end``,
    a moment, are left out, and ages are before it; None is the moment of the last one.
    """
    width = len(samples[-1].cores) if samples else 0
    end = end if end is not None or not samples else samples[-1].moment
    rows = [item.packed for item in samples if len(item.cores) == width and (end is None or item.moment <= end)]
    table = np.frombuffer(b"".join(rows)).reshape(len(rows), 9 + width)
    return History(
        ages=(end or 0.0) - table[:, 0],
        cores=table[:, 9:],
        memory=table[:, 1],
        own=table[:, 2],
        swap=table[:, 3],
        gpu=table[:, 8],
        traffic=table[:, 4:8],
    )


def mean_busy(gpus: Sequence[GpuUse]) -> float:
    """Mean percent over the GPUs that tell; NaN where none does."""
    known = [item.busy for item in gpus if item.busy is not None]
    return sum(known) / len(known) if known else float("nan")


class Reader:
    """Reads the machine; rates and percentages count from the reading before.

    It belongs to the thread that makes it: psutil keeps the last CPU times for each thread apart. ``nvml`` is the
    open management library of NVIDIA, or None.
    """

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._server = psutil.Process()
        self._children = Children(self._server)
        self._disk, self._net, self._moment = _disks(), _network(), time.time()
        self._sensors = Sensors()
        self._apple = AppleGpu() if devices.is_apple_silicon() else None
        psutil.cpu_percent(percpu=True)  # these two tell nothing at their first call
        self._server.cpu_percent()

    def read(self) -> Sample:
        """The machine now."""
        moment, disk, net = time.time(), _disks(), _network()
        pause = max(moment - self._moment, 1e-3)
        rates = _rates(disk, self._disk, ("read_bytes", "write_bytes"), pause)
        traffic = _rates(net, self._net, ("bytes_recv", "bytes_sent"), pause)
        self._disk, self._net, self._moment = disk, net, moment
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        server, family = use_of(self._server), self._children.read(_by_process(self._nvml))
        gpus, problem = self._gpus()
        return Sample(
            moment=moment,
            cores=tuple(psutil.cpu_percent(percpu=True)),
            megahertz=_megahertz(),
            load=psutil.getloadavg() if hasattr(psutil, "getloadavg") else None,
            memory=memory.total - memory.available,
            memory_total=memory.total,
            swap=swap.used,
            swap_total=swap.total,
            disk_read=rates[0],
            disk_write=rates[1],
            server=server,
            workers=family.workers,
            template=family.template,
            own=server.memory + sum(item.memory for item in family.all()),
            gpus=gpus,
            gpu_problem=problem,
            received=traffic[0],
            sent=traffic[1],
            container=container_memory(),
            pressure=linux.pressure("memory"),
            heat=self._sensors.read(),
        )

    def close(self) -> None:
        """End what runs beside it."""
        self._sensors.close()

    def _gpus(self) -> tuple[tuple[GpuUse, ...], str]:
        if self._apple is None:
            return _gpus(self._nvml)
        found = self._apple.read()
        if found is None:
            return (), "ioreg does not report the GPU."
        return (GpuUse(found.busy, found.in_use, float(devices.machine().memory)),), ""


def _disks() -> Any:
    """Counters of all disks together; None where the system keeps none, or does not show them."""
    with contextlib.suppress(*_UNTOLD):
        return psutil.disk_io_counters()
    return None


def _network() -> Any:
    """Counters of all interfaces but the loopback one, which nothing comes from; None where there is none."""
    each: dict[str, Any] = {}
    with contextlib.suppress(*_UNTOLD):
        each = psutil.net_io_counters(pernic=True)
    found = [item for name, item in each.items() if not name.startswith("lo")]
    if not found:
        return None
    return SimpleNamespace(
        bytes_recv=sum(item.bytes_recv for item in found), bytes_sent=sum(item.bytes_sent for item in found)
    )


def _rates(now: Any, before: Any, names: Sequence[str], pause: float) -> list[float | None]:
    """Counters per second; None where they are not told. One that begins anew counts as still."""
    if not now or not before:
        return [None] * len(names)
    return [max(getattr(now, name) - getattr(before, name), 0) / pause for name in names]


def _megahertz() -> float | None:
    """The mean clock of the cores; None on systems that do not tell (Apple silicon in some releases)."""
    try:
        found = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    except _UNTOLD:
        return None
    return found.current if found and found.current > 0 else None


def _gpus(nvml: Any) -> tuple[tuple[GpuUse, ...], str]:
    """Each GPU, and why there is none of them; a driver that has stopped to answer is asked anew each time."""
    if nvml is None:
        return (), ""
    try:
        return tuple(_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount())), ""
    except nvml.NVMLError as error:
        with contextlib.suppress(nvml.NVMLError):
            nvml.nvmlInit()
        return (), f"NVIDIA's driver no longer answers ({error})."


def _by_process(nvml: Any) -> dict[int, int]:
    """Bytes that each process holds on NVIDIA's GPUs; nothing where the driver does not tell."""
    found: dict[int, int] = {}
    if nvml is None:
        return found
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        for index in range(nvml.nvmlDeviceGetCount()):
            with contextlib.suppress(nvml.NVMLError):
                for item in nvml.nvmlDeviceGetComputeRunningProcesses(nvml.nvmlDeviceGetHandleByIndex(index)):
                    found[item.pid] = found.get(item.pid, 0) + (item.usedGpuMemory or 0)
    return found


def _gpu(nvml: Any, index: int) -> GpuUse:
    """One GPU; nothing but the reason where it is there no longer."""
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
    except nvml.NVMLError as error:
        return GpuUse(None, None, None, reason=str(error))
    busy = memory = total = None
    reason = ""
    try:
        busy = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except nvml.NVMLError as error:  # a slice of a GPU has no load of its own
        reason = str(error)
    with contextlib.suppress(nvml.NVMLError):
        found = nvml.nvmlDeviceGetMemoryInfo(handle)
        memory, total = float(found.used), float(found.total)
    return GpuUse(busy, memory, total, *_gpu_state(nvml, handle), reason=reason)


def _gpu_state(nvml: Any, handle: Any) -> tuple[float | None, float | None, float | None]:
    """Watts, degrees and megahertz; what cannot be, such as a GPU without power or at nine degrees, is not told."""
    watts = temperature = megahertz = None
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        watts = nvml.nvmlDeviceGetPowerUsage(handle) / 1000 or None
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        temperature = plausible(float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)))
    with contextlib.suppress(nvml.NVMLError, AttributeError):
        megahertz = float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)) or None
    return watts, temperature, megahertz
