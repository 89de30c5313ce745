"""Memory that this process may use: the machine's, or that of its container where that is less."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

import psutil

_FILES = (
    ("memory.max", "memory.current", "inactive_file"),  # cgroup v2
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),  # v1
)
"""The limit, what is used, and the line of memory.stat with what of it the kernel gives up on demand."""

_MAPPED = (-3, 1 << 20)  # glibc's M_MMAP_THRESHOLD, and the bytes from which on a block is mapped by itself


def available_memory() -> int:
    """Bytes that can be had without swapping, within the limit of the container."""
    free = int(psutil.virtual_memory().available)
    container = container_memory()
    return free if container is None else max(min(free, container[0] - container[1]), 0)


def container_memory(root: Path = Path("/")) -> tuple[int, int] | None:
    """Bytes that the control group of this process may use and does use, by the tightest limit of it and of those above
    it; None where there is none, as outside Linux. Files that are merely cached do not count as used. ``root`` is where
    the files of the system are.
    """
    total = int(psutil.virtual_memory().total)
    found = [pair for folder in control_groups(root, "memory") for pair in _pairs(folder) if pair[0] < total]
    return min(found, default=None)


def control_groups(root: Path, controller: str) -> list[Path]:
    """Folders of the control group of this process and of those above it, in either version's tree of ``controller``,
    the innermost first.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    folders = []
    for line in lines:
        number, controllers, name = (*line.split(":", 2), "", "")[:3]
        if number != "0" and controller not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / ("" if number == "0" else controller)
        inner = PurePosixPath(name.lstrip("/"))
        folders += [base / part for part in (inner, *inner.parents)]
    return folders


def _pairs(folder: Path) -> list[tuple[int, int]]:
    found = []
    for limit, used, cached in _FILES:
        try:
            most, now = (int((folder / name).read_text()) for name in (limit, used))
        except (OSError, ValueError):  # no such file, or "max"
            continue
        found.append((most, max(now - _counted(folder / "memory.stat", cached), 0)))
    return found


def _counted(path: Path, name: str) -> int:
    """The number beside ``name`` in a file of such lines; 0 where there is none."""
    with suppress(OSError, ValueError):
        return next((int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(f"{name} ")), 0)
    return 0


def peak_memory() -> float:
    """The most memory, in bytes, that this process has held since its start, or since ``reset_peak_memory``."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration, ValueError):
        pass
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return float(psutil.Process().memory_info().rss)
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def reset_peak_memory() -> None:
    """Begin ``peak_memory`` anew, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def return_large_blocks() -> bool:
    """From now on, blocks of a megabyte or more go back to the system as soon as they are free; False where the C
    library cannot be told so.

    glibc raises that limit to 32 MB by itself, and what threads have freed below it stays with each of them: a server
    that draws a map of a million combinations kept hundreds of megabytes of temporary arrays.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(*_MAPPED))
    except (OSError, TypeError, AttributeError):  # Windows, macOS
        return False
