"""Apple silicon: what sysctl and ioreg print, and macmon where it is installed; none of them needs root.

The functions parse text and run nothing, so that recorded output can be given to them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.machine.host.facts import Cache, CoreKind

SYSCTL = ("/usr/sbin/sysctl", "-a")
IOREG = ("/usr/sbin/ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator")
_CACHES = (("l1dcachesize", "L1 data"), ("l1icachesize", "L1 instruction"), ("l2cachesize", "L2"))
_PRESSURE = {1: "normal", 2: "warning", 4: "critical"}
_IN_USE = re.compile(r'"In use system memory"=(\d+)')  # not that of the driver, whose key goes on
_BUSY = re.compile(r'"Device Utilization %"=(\d+)')


@dataclass(frozen=True)
class Accelerator:
    """The GPU: ``model``, ``cores`` and, at the moment of the look, percent ``busy`` and bytes of memory ``in_use``;
    None for what is not told.
    """

    model: str
    cores: int | None
    busy: float | None
    in_use: int | None


@dataclass(frozen=True)
class Power:
    """Watts of the parts of the chip and of the whole machine, and degrees Celsius; None for what is not told, or
    cannot be.
    """

    processor: float | None = None
    gpu: float | None = None
    neural_engine: float | None = None
    system: float | None = None
    processor_temperature: float | None = None
    gpu_temperature: float | None = None


def settings_of(text: str) -> Mapping[str, str]:
    """The lines ``name: value`` of sysctl."""
    found = (line.partition(": ") for line in text.splitlines())
    return {name: value.strip() for name, sign, value in found if sign}


def core_kinds(settings: Mapping[str, str]) -> tuple[CoreKind, ...]:
    """Kinds of cores, the fastest first, by the names that the system gives them."""
    found = []
    for level in range(int(_number(settings.get("hw.nperflevels")) or 0)):
        name = settings.get(f"hw.perflevel{level}.name") or ("Performance", "Efficiency")[min(level, 1)]
        if count := _number(settings.get(f"hw.perflevel{level}.logicalcpu")):
            found.append(CoreKind(name.lower(), int(count)))
    return tuple(found)


def caches(settings: Mapping[str, str]) -> tuple[Cache, ...]:
    """Caches of each kind of core: those of the first level for each core, the second level for a cluster."""
    found = []
    for level, kind in enumerate(core_kinds(settings)):
        for key, name in _CACHES:
            prefix = f"hw.perflevel{level}."
            size = _number(settings.get(prefix + key))
            sharing = _number(settings.get(f"{prefix}cpusperl2")) if name == "L2" else 1
            if size and sharing:
                found.append(Cache(f"{name}, {kind.name}", int(size), -(-kind.count // int(sharing))))
    return tuple(found)


def memory_pressure(settings: Mapping[str, str]) -> str:
    """ "normal", "warning" or "critical"; "" where the system does not tell."""
    return _PRESSURE.get(int(_number(settings.get("kern.memorystatus_vm_pressure_level")) or 0), "")


def accelerator(text: str) -> Accelerator | None:
    """The busiest of the accelerators that ioreg lists; None where it lists none. The keys come in any order."""
    nodes = [part for part in re.split(r"^\+-o ", text, flags=re.MULTILINE) if "PerformanceStatistics" in part]
    found = [_accelerator(node) for node in nodes]
    return max(found, key=lambda item: -1.0 if item.busy is None else item.busy, default=None)


def _accelerator(node: str) -> Accelerator:
    model = re.search(r'"model" = "([^"]*)"', node)
    cores = re.search(r'"gpu-core-count" = (\d+)', node)
    busy, in_use = _BUSY.search(node), _IN_USE.search(node)
    return Accelerator(
        model=model[1] if model else "Apple GPU",
        cores=int(cores[1]) if cores else None,
        busy=float(busy[1]) if busy else None,
        in_use=int(in_use[1]) if in_use else None,
    )


def power(line: str) -> Power:
    """A line of ``macmon pipe``, with the names of its older versions ("cpu_power", "cpu_temp_avg") or its newer ones
    ("power": {"cpu"}, "cpu_avg"). A value that cannot be, such as no watts at all in the whole machine or ten degrees,
    is none. Raises ``ValueError`` for what is no JSON object.
    """
    values = json.loads(line)
    if not isinstance(values, dict):
        raise ValueError("macmon prints a JSON object a line")
    watts = {**values, **_part(values, "power")}
    heat = _part(values, "temp")
    return Power(
        processor=_watts(watts, "cpu_power", "cpu"),
        gpu=_watts(watts, "gpu_power", "gpu"),
        neural_engine=_watts(watts, "ane_power", "ane"),
        system=_watts(watts, "sys_power", "board") or None,
        processor_temperature=_degrees(heat, "cpu_temp_avg", "cpu_avg"),
        gpu_temperature=_degrees(heat, "gpu_temp_avg", "gpu_avg"),
    )


def _part(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _watts(values: Mapping[str, object], *names: str) -> float | None:
    found = _first(values, names)
    return found if found is not None and 0 <= found < 1000 else None


def _degrees(values: Mapping[str, object], *names: str) -> float | None:
    found = _first(values, names)
    return found if found is not None and 15 < found < 130 else None


def _first(values: Mapping[str, object], names: Sequence[str]) -> float | None:
    for name in names:
        value = values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
