"""Benchmarks: the same work on every device, in turns, checked before it is timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from engine import devices
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import FEWEST, PATIENCE, PAUSE, ROUNDS, WARM_UP, BenchmarkSpec
from engine.benchmarks.workloads import Workload
from engine.core.config import settings
from engine.core.errors import DeviceError
from engine.core.progress import Progress
from engine.devices import Device
from engine.features.kernels import Kernels, kernels_for

MEMORY_SHARE = 0.8  # of the memory that may be used: the libraries themselves need some


def measure(spec: BenchmarkSpec, progress: Progress) -> BenchmarkResult:
    """Timings of this machine. ``progress`` gets {"device": names, "seconds": medians so far or None}.

    A device that fails, lacks the precision or disagrees with float64 is marked, and the others go on. Raises
    ``DeviceError`` for a device that is not here, and for more memory than may be used.
    """
    chosen = tuple(devices.get(name) for name in spec.devices) or devices.available()
    require_memory(spec.workload, len(chosen))
    busy = _busy()
    with ExitStack() as stack:
        lanes = [_Lane.enter(device, stack) for device in chosen]
        _prepare(lanes, spec.workload, spec.repetitions, progress)
        _take_turns(lanes, spec.workload, progress)
    return _result(spec, lanes, busy)


def require_memory(workload: Workload, count: int) -> None:
    """Raises ``DeviceError`` if ``workload`` on ``count`` devices needs more memory than is free or configured."""
    import psutil

    free = min(psutil.virtual_memory().available / 1e6, settings().compute.memory_limit_mb) * MEMORY_SHARE
    needed = workload.megabytes(count)
    if needed > free:
        raise DeviceError(
            f"{workload.label()} needs about {needed / 1e3:.1f} GB on {count} device{'s' * (count != 1)} and "
            f"{free / 1e3:.1f} GB may be used: choose a smaller one, fewer devices or float32."
        )


def _busy() -> float:
    import psutil

    return psutil.cpu_percent(interval=PAUSE or None) / 100


@dataclass
class _Lane:
    """One device during a benchmark."""

    device: Device
    kernels: Kernels
    threads: int
    inputs: tuple[Any, ...] = ()
    pace: float = 0.0  # seconds of a warm call
    target: int = 0  # samples to take
    samples: list[float] = field(default_factory=list)
    error: float = np.nan
    usable: bool = True
    note: str = ""

    @classmethod
    def enter(cls, device: Device, stack: ExitStack) -> _Lane:
        kernels = kernels_for(device)
        lane = cls(device, kernels, stack.enter_context(kernels.threads(devices.cores())))
        stack.callback(lane.leave)
        return lane

    def leave(self) -> None:
        """Gives the device's memory back."""
        self.inputs = ()
        self.kernels.release()

    def reject(self, note: str) -> None:
        self.usable, self.note, self.target, self.inputs = False, note, 0, ()
        self.samples.clear()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A failure of the device within the block becomes its note."""
        try:
            yield
        except DeviceError as error:
            self.reject(str(error))
        except (RuntimeError, ValueError, MemoryError) as error:  # what torch and MLX raise; out of memory among them
            reason = (str(error) or type(error).__name__).splitlines()[0]
            self.reject(f"{self.device.title} failed: {reason}")

    def call(self, workload: Workload) -> tuple[float, Any]:
        """Wall seconds of one call to its last value, and the result."""
        began = time.perf_counter()
        result = workload.call(self.kernels, self.inputs)
        self.kernels.synchronize(result)
        return time.perf_counter() - began, result


def _prepare(lanes: list[_Lane], workload: Workload, repetitions: int, progress: Progress) -> None:
    """Inputs on every device, the first calls, and the check of their results."""
    progress(0.0, "Making the inputs")
    host = workload.host_inputs()
    for index, lane in enumerate(lanes):
        fraction, message = 0.2 * index / len(lanes), f"Warming up {lane.device.title}"
        progress(fraction, message)
        with lane.watched():
            lane.inputs = tuple(lane.kernels.to_device(array, workload.precision) for array in host)
            lane.pace, result = lane.call(workload)
            lane.error = workload.error(host, lane.kernels.to_numpy(result))
            _judge(lane, workload)
        spent = 0.0
        while lane.usable and lane.pace <= PATIENCE and spent < WARM_UP:
            progress(fraction, message)
            with lane.watched():
                lane.pace, _ = lane.call(workload)
                spent += lane.pace
        _plan(lane, repetitions)


def _judge(lane: _Lane, workload: Workload) -> None:
    if not lane.error <= workload.bound():
        lane.reject(
            f"{lane.device.title} differs from float64 by {lane.error:.1e} where {workload.bound():.1e} is allowed: "
            "not used."
        )


def _plan(lane: _Lane, repetitions: int) -> None:
    """How many samples to take, by the pace of the warm-up."""
    if not lane.usable:
        return
    if lane.pace > PATIENCE:
        lane.note = f"One call took {lane.pace:.0f} s, longer than all of them may: {PATIENCE:.0f} s."
        return
    lane.target = max(FEWEST, min(repetitions, int(PATIENCE / lane.pace)))
    if lane.target < repetitions:
        lane.note = f"{lane.target} of {repetitions} repetitions: a call takes {lane.pace:.2g} s."


def _take_turns(lanes: list[_Lane], workload: Workload, progress: Progress) -> None:
    """The samples of every device, a share a round, every second round in the opposite order."""
    report = _reporter(lanes, progress)
    for turn in range(ROUNDS):
        for lane in lanes if turn % 2 == 0 else reversed(lanes):
            share = lane.target * (turn + 1) // ROUNDS
            if share == len(lane.samples):
                continue
            report(lane, True)
            time.sleep(PAUSE)
            with lane.watched():
                lane.call(workload)  # wakes the library's threads and the processor's clock
            while len(lane.samples) < min(share, lane.target):
                with lane.watched():
                    lane.samples.append(lane.call(workload)[0])
                report(lane, False)


def _reporter(lanes: list[_Lane], progress: Progress) -> Any:
    """Reports to ``progress`` between samples, ten times a second at most: more would disturb the next one."""
    last = 0.0

    def report(lane: _Lane, now: bool) -> None:
        nonlocal last
        if not now and time.monotonic() - last < 0.1:
            return
        last = time.monotonic()
        total = sum(item.pace * item.target for item in lanes) or 1.0
        done = sum(item.pace * len(item.samples) for item in lanes)
        partial = {
            "device": [item.device.name for item in lanes],
            "seconds": [median(item.samples) if item.samples else None for item in lanes],
        }
        progress(0.2 + 0.8 * min(done / total, 1.0), f"Timing {lane.device.title}", partial)

    return report


def _result(spec: BenchmarkSpec, lanes: list[_Lane], busy: float) -> BenchmarkResult:
    samples = np.full((len(lanes), spec.repetitions), np.nan)
    quartiles = np.full((len(lanes), 3), np.nan)
    for index, lane in enumerate(lanes):
        samples[index, : len(lane.samples)] = lane.samples
        if lane.samples:
            quartiles[index] = np.percentile(lane.samples, (25, 50, 75))
    return BenchmarkResult(
        workload=spec.workload.label(),
        devices=tuple(lane.device.name for lane in lanes),
        descriptions=tuple(lane.device.description for lane in lanes),
        samples=samples,
        median=quartiles[:, 1].copy(),
        lower=quartiles[:, 0].copy(),
        upper=quartiles[:, 2].copy(),
        error=np.array([lane.error for lane in lanes]),
        bound=spec.workload.bound(),
        rate=spec.workload.amount() / 1e9 / quartiles[:, 1],
        unit=spec.workload.unit,
        usable=tuple(lane.usable for lane in lanes),
        note=tuple(lane.note for lane in lanes),
        threads=tuple(lane.threads for lane in lanes),
        machine=devices.machine().describe(),
        versions=dict(devices.library_versions()),
        measured=time.time(),
        busy=busy,
    )
