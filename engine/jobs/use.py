"""Resources that a job used, and why it was slow: read before and after it, in the process that computes it."""

from __future__ import annotations

import math
import os
import resource
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import psutil

from engine.core import energy
from engine.core.cores import logical_cores
from engine.core.memory import control_groups
from engine.core.sizes import MEGABYTE, size_text

_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PRESSURE = Path("/proc/pressure/cpu")
_HEAT = "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count"
_NOTABLE = 1.0  # seconds that a job lasts before anybody asks why
_LOOK = 1.0  # seconds between two looks at child processes: each reads the list of all processes


@dataclass(frozen=True)
class Use:
    """What a job, or a part of it, took.

    ``seconds`` of wall time and ``processor`` seconds of its process, and of those that this one started and saw end;
    ``memory`` is the most that the process held in bytes, of one that does other work meanwhile its own too, and the
    most that processes held together which it started (of those that lived between two looks the largest alone);
    ``gpu_memory`` the most that torch or MLX had allocated on a GPU, None without one. Of the whole machine meanwhile:
    ``busy`` and ``capacity`` in processor seconds, bytes ``swapped``, seconds for which the container was
    ``throttled``, seconds in which some thread ``waited`` for a processor, and how often the processor slowed down for
    ``heat``, and the ``joules`` that it drew, known to ``joules_error``; None for what this system does not tell.
    ``pid`` is that of the process.
    """

    seconds: float
    processor: float
    memory: int
    pid: int
    gpu_memory: int | None = None
    busy: float | None = None
    capacity: float = 0.0
    swapped: int | None = None
    throttled: float | None = None
    waited: float | None = None
    heat: int | None = None
    joules: float | None = None
    joules_error: float = 0.0

    def event(self) -> Mapping[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Use:
        """``event`` read back; what it has besides is left out. Raises ``TypeError`` where something is missing."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in event.items() if name in names})


@dataclass(frozen=True)
class _Reading:
    moment: float
    processor: float
    busy: float
    swapped: int
    throttled: float | None
    waited: float | None
    heat: int | None
    highest: int
    largest_child: int


class Meter:
    """Reads the machine from its making to ``use``; ``alone`` says that the process computes nothing else."""

    def __init__(self, alone: bool = True) -> None:
        if alone:
            with suppress(OSError):
                _FORGET.write_text("5")  # the most that the process has held is counted from here on (proc(5))
            _forget_gpu()
        self._children, self._energy = _Children(), energy.counters().read()
        self._first, self._held = _read(), psutil.Process().memory_info().rss  # last: getting ready is not the job's

    def use(self) -> Use:
        """What was taken since."""
        last, process, joules = _read(), psutil.Process(), energy.counters().since(self._energy)
        seconds = last.moment - self._first.moment
        return Use(
            seconds=seconds,
            processor=last.processor - self._first.processor,
            memory=self._most(last, int(process.memory_info().rss)) + self._of_children(last),
            pid=process.pid,
            gpu_memory=_gpu_memory(),
            busy=max(last.busy - self._first.busy, 0.0),
            capacity=seconds * logical_cores(),
            swapped=max(last.swapped - self._first.swapped, 0),
            throttled=_less(last.throttled, self._first.throttled),
            waited=_less(last.waited, self._first.waited),
            heat=None if last.heat is None or self._first.heat is None else last.heat - self._first.heat,
            joules=None if math.isnan(joules) else joules,
            joules_error=energy.step() if self._energy else 0.0,
        )

    def _of_children(self, last: _Reading) -> int:
        """What was seen of them; at least the largest that has ended, where it is larger than any before."""
        seen, ended = self._children.most(), last.largest_child
        return max(seen, ended if ended > self._first.largest_child else 0)

    def _most(self, last: _Reading, now: int) -> int:
        """The high-water mark where it is counted anew, or has risen; else the more of before and after."""
        if (marked := _high_water()) is not None:
            return max(marked, now)
        return max(last.highest if last.highest > self._first.highest else 0, self._held, now)


class _Children:
    """Looks at the processes that this one starts from now on, until ``most`` is asked for or nobody holds it."""

    def __init__(self) -> None:
        self._seen, self._done = [0], threading.Event()
        threading.Thread(target=_watch, args=(self._seen, self._done, time.time()), daemon=True).start()
        weakref.finalize(self, self._done.set)

    def most(self) -> int:
        """The most bytes that they have held together."""
        self._done.set()
        return self._seen[0]


def _watch(seen: list[int], done: threading.Event, since: float) -> None:
    while not done.wait(_LOOK):
        seen[0] = max(seen[0], sum(_held(pid, since) for pid in _started(os.getpid())))


def _started(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have."""
    lists = list(Path(f"/proc/{pid}/task").glob("*/children"))  # the table of all processes takes ten times as long
    if lists:
        for child in (int(word) for item in lists for word in _text(item).split()):
            yield child
            yield from _started(child)
        return
    with suppress(psutil.Error):
        yield from (item.pid for item in psutil.Process(pid).children(recursive=pid == os.getpid()))


def _held(pid: int, since: float) -> int:
    """Resident bytes of a process that has started ``since`` then and is still there."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return int(process.memory_info().rss) if process.create_time() >= since - 1 else 0
    return 0


def total(uses: Sequence[Use]) -> Use | None:
    """That of a job of several parts: the longest of ``uses`` is the job itself, in whose time the others ran. None
    where there is none.
    """
    if not uses:
        return None
    own = max(uses, key=lambda use: use.seconds)
    most: dict[int, int] = {}
    for use in uses:
        most[use.pid] = max(most.get(use.pid, 0), use.memory)
    gpu = [use.gpu_memory for use in uses if use.gpu_memory is not None]
    elsewhere = sum(use.processor for use in uses if use.pid != own.pid)  # the job's own time has its own parts in it
    taken = own.processor + elsewhere
    return replace(own, processor=taken, memory=sum(most.values()), gpu_memory=max(gpu, default=None))


def slowdowns(use: Use, waited: float) -> tuple[str, ...]:
    """Why a job that took ``use`` was slower than it would have been alone, after ``waited`` seconds in the queue; a
    phrase each, nothing where it was not, or was too short to tell.
    """
    found = []
    if waited > _NOTABLE and waited > 0.2 * (waited + use.seconds):
        found.append(f"waited {waited:.0f} s for a free worker")
    if use.seconds < _NOTABLE:
        return tuple(found)
    if use.swapped is not None and use.swapped > 64 * MEGABYTE:
        found.append(f"memory was short: {size_text(use.swapped)} swapped")
    if use.throttled is not None and use.throttled > 0.05 * use.seconds:
        found.append(f"the container's processor time was cut for {use.throttled:.1f} s")
    if use.heat:
        found.append("the processor slowed down for heat")
    others = None if use.busy is None or not use.capacity else (use.busy - use.processor) / use.capacity
    if others is not None and others > 0.25:
        found.append(f"other programs and jobs took {min(others, 1):.0%} of the processors")
    elif use.waited is not None and use.waited > 0.5 * use.seconds and use.processor > 0.8 * use.capacity:
        found.append("more threads than processors")
    return tuple(found)


def _read() -> _Reading:
    times, swap = psutil.cpu_times(), psutil.swap_memory()
    usage, started = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "steal", 0.0)
    scale = 1 if sys.platform == "darwin" else 1024  # getrusage(2) counts bytes on a Mac, kilobytes elsewhere
    return _Reading(
        moment=time.monotonic(),
        processor=usage.ru_utime + usage.ru_stime + started.ru_utime + started.ru_stime,
        busy=sum(times) - idle - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0),
        swapped=int(getattr(swap, "sin", 0) + getattr(swap, "sout", 0)),
        throttled=_throttled(),
        waited=_waited(),
        heat=_number(Path(_HEAT)),
        highest=int(usage.ru_maxrss) * scale,
        largest_child=int(started.ru_maxrss) * scale,
    )


def _throttled() -> float | None:
    """Seconds for which the control group of this process was denied a processor so far."""
    for folder in control_groups(Path("/"), "cpu"):
        text = _text(folder / "cpu.stat")
        for name, scale in (("throttled_usec ", 1e-6), ("throttled_time ", 1e-9)):
            for line in text.splitlines():
                if line.startswith(name):
                    return int(line.removeprefix(name)) * scale
    return None


def _waited() -> float | None:
    """Seconds for which some thread of the machine waited for a processor so far."""
    _, sign, rest = _text(_PRESSURE).partition("total=")
    return int(rest.split()[0]) * 1e-6 if sign else None


def _high_water() -> int | None:
    """Bytes of the high-water mark of this process, where it can be counted anew."""
    for line in _text(_STATUS).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def _forget_gpu() -> None:
    torch, mlx = sys.modules.get("torch"), sys.modules.get("mlx.core")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
    if mlx is not None and mlx.is_available(mlx.gpu):
        mlx.reset_peak_memory()


def _gpu_memory() -> int | None:
    torch, mlx = sys.modules.get("torch"), sys.modules.get("mlx.core")
    found = []
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        found.append(int(torch.cuda.max_memory_allocated()))
    if torch is not None and torch.backends.mps.is_available():
        found.append(int(torch.mps.driver_allocated_memory()))
    if mlx is not None and mlx.is_available(mlx.gpu):
        found.append(int(mlx.get_peak_memory()))
    return sum(found) if found else None


def _less(last: float | None, first: float | None) -> float | None:
    return None if last is None or first is None else max(last - first, 0.0)


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
