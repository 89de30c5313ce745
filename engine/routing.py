"""Routing of work to devices on this machine: by what was measured, unless a user has pinned one.

A device that computed other values or gradients than the reference is not used, and the CPU is without a measurement.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import devices
from engine.core import named
from engine.core.config import settings
from engine.core.errors import DeviceError, StoreError, did_you_mean
from engine.core.store import write_atomically

Seconds = Mapping[int, Mapping[str, float]]
"""By size and device, of one call."""

_PIN = "pinned device"


@dataclass(frozen=True)
class Work:
    """Work that a device is chosen for: ``name`` is that of its measurements, ``axis`` what its size counts. It can be
    done by ``able``, and is done by ``usual`` without a measurement.
    """

    name: str
    title: str
    axis: str
    usual: str
    able: tuple[str, ...]

    def here(self) -> tuple[str, ...]:
        """Those of ``able`` that this machine should have."""
        expected = devices.expected()
        return tuple(name for name in self.able if name in expected)


@dataclass(frozen=True)
class Measured:
    """``seconds`` of the devices that passed; why each of ``excluded`` did not. ``stale`` says what has changed since,
    "" where nothing has; ``moment`` is in seconds since 1970.
    """

    seconds: Seconds = field(default_factory=dict)
    excluded: Mapping[str, str] = field(default_factory=dict)
    stale: str = ""
    moment: float = 0.0


@dataclass(frozen=True)
class Route:
    """Work goes to ``device``, for a ``reason``, a sentence. ``seconds`` are what each device is expected to take, and
    ``margin`` how many times as long the next best one takes; NaN where it is not known.
    """

    device: str
    reason: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    margin: float = math.nan


def keep(work: str, seconds: Seconds, excluded: Mapping[str, str]) -> None:
    """Store what was measured of the work of that name. Raises ``StoreError`` on a full disk."""
    kept = {
        "fingerprint": devices.fingerprint(), "machine": devices.machine().describe(),
        "versions": dict(devices.compute_versions()), "measured": time.time(),
        "seconds": {str(size): dict(found) for size, found in seconds.items()}, "excluded": dict(excluded),
    }  # fmt: skip
    path = _path(work)
    try:
        write_atomically(path, json.dumps(kept).encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from None


def exclude(work: str, device: str, reason: str) -> None:
    """Use ``device`` for that work no more, until it is measured again. Raises ``StoreError``."""
    before = measured(work)
    now = Measured() if before.stale else before
    keep(work, now.seconds, {**now.excluded, device: reason})


def measured(work: str) -> Measured:
    """What was last measured of the work of that name on this machine; nothing where that cannot be read."""
    try:
        kept = json.loads(_path(work).read_text(encoding="utf-8"))
        seconds = {
            int(size): {str(name): float(value) for name, value in found.items() if 0 < float(value) < math.inf}
            for size, found in kept["seconds"].items()
        }
        excluded = {str(name): str(reason) for name, reason in kept["excluded"].items()}
        return Measured(seconds, excluded, _stale(kept), float(kept["measured"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return Measured()


def _stale(kept: Mapping[str, Any]) -> str:
    if kept["fingerprint"] == devices.fingerprint():
        return ""
    if kept["machine"] != devices.machine().describe():
        return f"Measured on another machine or driver ({kept['machine']}): not used."
    now = devices.compute_versions()
    changed = [f"{name} {version}" for name, version in kept["versions"].items() if now.get(name) != version]
    return f"Measured with {', '.join(changed) or 'other libraries'}: not used."


def pin(work: Work, device: str) -> None:
    """Do that work on ``device`` from now on, whatever is measured. Raises ``DeviceError`` for one that cannot do it
    here, ``StoreError`` where the database fails.
    """
    if device not in (here := work.here()):
        reason = devices.absence(device) if device in work.able else did_you_mean(device[:40], here)
        raise DeviceError(f"{work.title} cannot be pinned to '{device[:40]}'. {reason.strip()}".strip())
    named.put(_PIN, work.name, device)


def unpin(work: Work) -> None:
    """Follow the measurement again."""
    named.delete(_PIN, work.name)


def pinned() -> Mapping[str, str]:
    """The pinned devices by the name of the work."""
    return named.every(_PIN)


def route(work: Work, size: int) -> Route:
    """The device for work of a ``size``, and why. No library of one is imported: whether it answers shows later."""
    found, here = measured(work.name), work.here()
    excluded = {} if found.stale else found.excluded
    seconds = {} if found.stale else _expected(found.seconds, size, [name for name in here if name not in excluded])
    wanted = pinned().get(work.name, "")
    if wanted in here and wanted not in excluded:
        return Route(wanted, "Pinned by hand.", seconds, _margin(seconds, wanted))
    title = devices.NAMES.get(wanted, wanted)
    note = f" It is pinned to {title}, which {_missing(wanted, excluded)}" if wanted else ""
    if not seconds:
        return Route(work.usual, (found.stale or "Nothing is measured here.") + note)
    device = min(seconds, key=seconds.__getitem__)
    reason = "Measured fastest." if len(seconds) > 1 else "The only one timed at this size."
    return Route(device, reason + note, seconds, _margin(seconds, device))


def _missing(name: str, excluded: Mapping[str, str]) -> str:
    return f"is excluded: {excluded[name]}" if name in excluded else "is not on this machine."


def _margin(seconds: Mapping[str, float], device: str) -> float:
    """How many times as long as ``device`` the best of the others takes."""
    others = [value for name, value in seconds.items() if name != device]
    return min(others) / seconds[device] if others and device in seconds else math.nan


def _expected(seconds: Seconds, size: int, names: list[str]) -> dict[str, float]:
    """What each of ``names`` takes for work of a ``size``: between two measured sizes a power of it, below the smallest
    and above the largest as there. Devices without a measurement around it have none.
    """
    if not seconds:
        return {}
    low = max((item for item in seconds if item <= size), default=min(seconds))
    high = min((item for item in seconds if item >= size), default=max(seconds))
    share = math.log(size / low) / math.log(high / low) if low < size < high else 0.0
    both = [name for name in names if name in seconds[low] and name in seconds[high]]
    return {name: seconds[low][name] ** (1 - share) * seconds[high][name] ** share for name in both}


def _path(work: str) -> Path:
    return settings().cache / "devices" / f"{work}.json"
