"""Temperature and power of the processor, and Apple's GPU, from one reading to the next; what cannot be is not read."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine import devices
from engine.core.energy import packages
from engine.machine.host import apple
from engine.machine.host.apple import Accelerator, Power

_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz")  # the kernel's drivers, the best first
_COLDEST, _HOTTEST = 15.0, 130.0  # degrees Celsius that a processor at work can have
_IOREG_PERIOD = 2.0  # seconds: it is a process of its own
MACMON = ("macmon", "pipe", "-i", "2000")


@dataclass(frozen=True)
class Heat:
    """Degrees Celsius of the processor and watts that it draws; None for what is not readable, with the reason."""

    temperature: float | None = None
    watts: float | None = None
    reason: str = ""


class Sensors:
    """Reads Linux's sensors and energy counters (RAPL), or what macmon tells on a Mac. For one thread."""

    def __init__(self, root: Path = Path("/"), macmon: Sequence[str] = MACMON) -> None:
        self._counters = packages(root)
        self._energy, self._moment = self._joules(), time.monotonic()
        self._macmon = Macmon(macmon) if devices.is_apple_silicon() else None

    def read(self) -> Heat:
        """Now; power is the mean since the last reading."""
        if self._macmon is not None:
            power = self._macmon.latest
            return Heat(power.processor_temperature, power.system or power.processor, self._macmon.problem)
        temperature, watts = processor_temperature(), self._watts()
        missing = [word for word, value in (("temperature", temperature), ("power", watts)) if value is None]
        reason = f"No sensor of {' and '.join(missing)} can be read by this user." if missing else ""
        return Heat(temperature, watts, reason)

    def close(self) -> None:
        """End the process that tells."""
        if self._macmon is not None:
            self._macmon.close()

    def _watts(self) -> float | None:
        energy, moment = self._joules(), time.monotonic()
        before, pause = self._energy, moment - self._moment
        self._energy, self._moment = energy, moment
        if energy is None or before is None or pause <= 0 or energy < before:  # the counter has begun anew
            return None
        return (energy - before) / pause or None  # no processor at work draws nothing

    def _joules(self) -> float | None:
        try:
            return sum(int(path.read_text()) for path in self._counters) * 1e-6 if self._counters else None
        except (OSError, ValueError):
            return None


class Macmon:
    """The last line of ``macmon pipe``, which runs as long as this does."""

    def __init__(self, command: Sequence[str]) -> None:
        self.latest = Power()
        self.problem = ""
        self._process: subprocess.Popen[str] | None = None
        try:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            self.problem = "Install macmon for temperature and power without root: brew install macmon."
            return
        threading.Thread(target=self._follow, args=(self._process,), name="macmon", daemon=True).start()

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                try:
                    self.latest, self.problem = apple.power(line), ""
                except ValueError:
                    self.problem = "macmon prints what is not known here: update Stratoscope, or macmon."
        self.latest, self.problem = Power(), "macmon has ended."


class AppleGpu:
    """The GPU of Apple silicon, asked every other second at most."""

    def __init__(self, command: Sequence[str] = apple.IOREG) -> None:
        self._command = command
        self._last: Accelerator | None = None
        self._asked = -_IOREG_PERIOD

    def read(self) -> Accelerator | None:
        """What ioreg tells; None where it does not."""
        if time.monotonic() - self._asked >= _IOREG_PERIOD:
            self._asked, self._last = time.monotonic(), None
            with suppress(OSError, subprocess.SubprocessError):
                told = subprocess.run(self._command, capture_output=True, text=True, check=False, timeout=1)
                self._last = apple.accelerator(told.stdout)
        return self._last


def plausible(degrees: float | None) -> float | None:
    """A temperature that a chip at work can have; None for any other."""
    return float(degrees) if degrees is not None and _COLDEST < degrees < _HOTTEST else None


def processor_temperature() -> float | None:
    """The hottest sensor of the processor by the first driver that tells one that can be."""
    try:
        found = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    except (OSError, RuntimeError):
        return None
    for chip in _CHIPS:
        told = [degrees for item in found.get(chip, ()) if (degrees := plausible(item.current)) is not None]
        if told:
            return max(told)
    return None
