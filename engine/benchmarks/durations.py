"""Durations of measuring on this machine: what it took last is the best estimate of the next time.

Kept for one machine and its versions of the array libraries; of another one nothing is known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from engine import devices
from engine.benchmarks.workloads import Workload
from engine.core.config import settings
from engine.core.errors import StoreError
from engine.core.spec import canonical_json
from engine.core.store import write_atomically

MOST = 1000  # pieces of work, the latest


@dataclass(frozen=True)
class Taken:
    """Of one piece of work: seconds of a call by variant, 0 for one that was not timed, and ``rest``, what measuring it
    took beside the calls that the spec counts; less than nothing where it counts too many.
    """

    calls: Mapping[str, float]
    rest: float


def known(workload: Workload, kept: Mapping[str, Any]) -> Taken | None:
    """What ``read`` has of ``workload``; None for nothing, or what makes no sense."""
    try:
        found = kept[_name(workload)]
        taken = Taken({str(name): float(value) for name, value in found["calls"].items()}, float(found["rest"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    numbers = (taken.rest, *taken.calls.values())
    return taken if all(map(math.isfinite, numbers)) and min(taken.calls.values(), default=0.0) >= 0 else None


def read() -> Mapping[str, Any]:
    """All that is kept; nothing where it is of another machine, or cannot be read."""
    try:
        kept = json.loads(_path().read_text(encoding="utf-8"))
        return dict(kept["taken"]) if kept["fingerprint"] == devices.fingerprint() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep(taken: Mapping[Workload, Taken]) -> None:
    """Enter it in the place of what was known of the same work. Raises ``StoreError``."""
    new = {_name(workload): vars(item) for workload, item in taken.items()}
    old = {name: item for name, item in read().items() if name not in new}
    path, latest = _path(), list((old | new).items())[-MOST:]
    try:
        write_atomically(path, json.dumps({"fingerprint": devices.fingerprint(), "taken": dict(latest)}).encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from None


def _name(workload: Workload) -> str:
    return sha256(canonical_json(workload).encode()).hexdigest()[:24]


def _path() -> Path:
    return settings().cache / "devices" / "durations.json"
