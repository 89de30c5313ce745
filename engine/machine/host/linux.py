"""Linux: kinds of cores, caches, control groups, pressure and energy counters, by the files of the kernel.

Each function takes the ``root`` under which these files are, and says nothing where they are missing.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from engine.core.memory import control_groups
from engine.machine.host.facts import Cache, CoreKind

_ROOT = Path("/")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
_SIZE = re.compile(r"(\d+)([KMG]?)")
_KINDS = {"Data": " data", "Instruction": " instruction"}


def core_kinds(root: Path = _ROOT) -> tuple[CoreKind, ...]:
    """Kinds of cores where there are several: Intel's performance and efficiency cores, or those of different capacity
    that an ARM processor has, the strongest first.
    """
    hybrid = [("performance", "cpu_core"), ("efficiency", "cpu_atom"), ("low-power efficiency", "cpu_lowpower")]
    named = [(name, _text(root / f"sys/devices/{folder}/cpus")) for name, folder in hybrid]
    found = tuple(CoreKind(name, len(numbers(text))) for name, text in named if text)
    if found:
        return found
    folders = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpu_capacity")
    capacity = Counter(int(text) for path in folders if (text := _text(path)).isdigit())
    if len(capacity) < 2:
        return ()
    return tuple(CoreKind(f"of capacity {size}", capacity[size]) for size in sorted(capacity, reverse=True))


def caches(root: Path = _ROOT) -> tuple[Cache, ...]:
    """Caches by level; one that cores share counts once."""
    seen: dict[tuple[str, int], set[str]] = {}
    for folder in sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cache/index[0-9]*")):
        level, kind, size, shared = (_text(folder / name) for name in ("level", "type", "size", "shared_cpu_list"))
        if level and (found := _SIZE.fullmatch(size)):
            key = f"L{level}{_KINDS.get(kind, '')}", int(found[1]) * _UNITS[found[2]]
            seen.setdefault(key, set()).add(shared or folder.parent.parent.name)
    return tuple(Cache(name, size, len(groups)) for (name, size), groups in sorted(seen.items()))


def processor_quota(root: Path = _ROOT) -> float | None:
    """Processors' worth of time that the container may use; None where nothing limits it."""
    found = []
    for folder in control_groups(root, "cpu"):
        quota, period = (*_text(folder / "cpu.max").split(), "", "")[:2]
        quota, period = quota or _text(folder / "cpu.cfs_quota_us"), period or _text(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):
            found.append(int(quota) / int(period))
    return min(found, default=None)


def pressure(kind: str, root: Path = _ROOT) -> float | None:
    """Percent of the last ten seconds in which some task waited for ``kind`` ("cpu", "memory" or "io"); None where the
    kernel does not tell (``Documentation/accounting/psi.rst``).
    """
    found = re.search(r"^some avg10=([\d.]+)", _text(root / f"proc/pressure/{kind}"), re.MULTILINE)
    return float(found[1]) if found else None


def energy_counters(root: Path = _ROOT) -> tuple[str, ...]:
    """The processor packages whose energy counter (RAPL) this user may read."""
    folders = sorted((root / "sys/class/powercap").glob("intel-rapl:[0-9]*"))
    readable = [folder for folder in folders if _text(folder / "energy_uj").isdigit()]
    return tuple(_text(folder / "name") or folder.name for folder in readable)


def distribution(root: Path = _ROOT) -> str:
    """The name of the distribution, "" where it does not say."""
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', _text(root / "etc/os-release"), re.MULTILINE)
    return found[1] if found else ""


def is_virtual(root: Path = _ROOT) -> bool:
    """Whether the processor says that it is a virtual machine's."""
    return bool(re.search(r"^flags\s*:.*\bhypervisor\b", _text(root / "proc/cpuinfo"), re.MULTILINE))


def numbers(text: str) -> list[int]:
    """Those in a list of the kernel, such as "0-3,8": [0, 1, 2, 3, 8]. What is no number is left out."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and (last or first).isdigit():
            found += range(int(first), int(last or first) + 1)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
