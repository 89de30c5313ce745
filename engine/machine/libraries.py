"""Build and version of this machine's libraries, by a process that may die of them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import devices
from engine.core.progress import Progress
from engine.machine import probe

PATIENCE = 180.0
"""Seconds for all libraries, on a slow disk and a busy machine."""


@dataclass(frozen=True)
class Loaded:
    """By name, what each of ``libraries`` and ``devices`` has said: see ``engine.machine.probe``. ``pools`` are thread
    pools, as threadpoolctl describes them.
    """

    libraries: Mapping[str, Mapping[str, Any]]
    devices: Mapping[str, Mapping[str, Any]]
    pools: Sequence[Mapping[str, Any]]


def loaded(progress: Progress, command: Sequence[str] = (sys.executable, "-m", probe.__name__)) -> Loaded:
    """Every library, loaded in another process, and a known result by each device. One that takes its process down is
    said to have done so, and the others are loaded by the next one.
    """
    found: dict[str, Mapping[str, Any]] = {}
    pools: list[Mapping[str, Any]] = []
    for _ in range(len(probe.LIBRARIES) + len(devices.NAMES)):
        culprit, reason = _run([*command, *found], found, pools, progress)
        if not culprit:
            break
        if culprit == probe.THREADS:
            break
        found[culprit] = {"error": reason}
    return Loaded(
        {name: found[name] for name in probe.LIBRARIES if name in found},
        {name: found[name] for name in devices.NAMES if name in found},
        pools,
    )


def _run(
    command: Sequence[str], found: dict[str, Mapping[str, Any]], pools: list[Mapping[str, Any]], progress: Progress
) -> tuple[str, str]:
    """Add what one process tells; what it was at when it ended too early, and how it did, or twice ""."""
    total = len(probe.LIBRARIES) + len(devices.NAMES)
    at = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                told = _object(line)
                if "begins" in told:
                    at = str(told["begins"])
                    progress(len(found) / total, f"Loading {at}")
                elif probe.THREADS in told:
                    pools[:] = told[probe.THREADS]
                    at = ""
                elif name := told.get("library") or told.get("device"):
                    found[str(name)] = told
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
    return (at, ended(process.returncode)) if at else ("", "")


def ended(code: int) -> str:
    """How a process with this exit status came to its end."""
    return f"ended its process by signal {-code}" if code < 0 else f"ended its process with status {code}"


def _object(line: str) -> Mapping[str, Any]:
    """What the probe tells in a line; nothing for what a library prints."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
