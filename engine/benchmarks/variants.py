"""Variants: the ways to do one piece of work that a benchmark compares."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from engine import devices
from engine.core import libraries
from engine.core.errors import DeviceError


@dataclass(frozen=True)
class Prepared:
    """A variant that can be called: its inputs lie where it computes, and its library has its threads.

    ``call`` does the work once, to the last value: what is lazy is evaluated, and the device idle, when it returns.
    ``values`` gives what ``call`` returned as an array in the host's memory, for the check; it is not timed.
    ``threads`` are the CPU threads that the library may use.
    """

    call: Callable[[], Any]
    values: Callable[[Any], NDArray[Any]]
    threads: int = 1


@dataclass(frozen=True)
class Variant:
    """One way to do a workload's work: a library on a device, or with certain settings.

    ``prepare(inputs)`` is entered before the clock starts and left when the last sample is taken; it may raise
    ``DeviceError`` with a sentence, and gives all memory back when it is left. ``needs`` are the distributions that
    must be installed, ``device`` one of ``devices.NAMES``, or "" for a variant that computes on the CPU whatever the
    devices. Names are unique within a workload; ``title`` is for tables and legends.
    """

    name: str
    title: str
    prepare: Callable[[Any], AbstractContextManager[Prepared]]
    needs: tuple[str, ...] = ()
    device: str = ""

    @property
    def library(self) -> str:
        """The part of ``name`` before the colon: variants of one library share a process."""
        return self.name.partition(":")[0]

    @property
    def on_gpu(self) -> bool:
        """True where ``device`` is anything but a CPU."""
        return bool(self.device) and not self.device.endswith(":cpu")

    def unavailable(self) -> str:
        """Reason why it cannot be measured on this machine, a sentence, or "". Read from the metadata of packages and
        from drivers: nothing heavy is imported.
        """
        missing = [name for name in self.needs if not libraries.installed((name,))]
        if missing:
            return f"The package {missing[0]} is not installed."
        return devices.absence(self.device) if self.device else ""

    def problem(self) -> str:
        """As ``unavailable``, and checked by importing the device's library."""
        if not self.device:
            return self.unavailable()
        try:
            devices.get(self.device)
        except DeviceError as error:
            return str(error)
        return ""

    def description(self) -> str:
        """Model name of the processor it computes on."""
        return devices.get(self.device).description if self.device else devices.machine().processor
