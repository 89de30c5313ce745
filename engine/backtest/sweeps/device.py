"""Device of a sweep, and the way to the modules that know more of it: see ``engine.features.device``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from engine.features.device import CPU, Choice, Wanted


class Asked(NamedTuple):
    """A number of combinations; ``unfollowed`` is why the CPU alone can follow their accounts, "" if others can."""

    combinations: int
    unfollowed: str


ON_CPU = Choice(CPU, "")
"""Nothing is said of it: there is nothing else, or nothing else was asked for."""


class Accelerator(Protocol):
    """A device that follows accounts: see ``engine.backtest.accelerator.on_grid.TorchAccelerator``."""

    followed: int
    verified: int

    @property
    def is_exact(self) -> bool: ...

    def run(self, grid: Any, *work: Any) -> bool: ...

    def explanation(self, reason: str) -> str: ...


def choice_of(wanted: Wanted, asked: Callable[[], Asked]) -> Choice:
    """The device for what is ``asked``, and why. That is heard only where there is more than the CPU."""
    if wanted == "cpu":
        return ON_CPU
    found: Choice = importlib.import_module("engine.backtest.sweeps.device_choice").choose(wanted, asked)
    return found


def accelerator(name: str) -> Accelerator:
    """That device. Raises ``DeviceError`` where this machine lacks it."""
    found: Accelerator = _modules().TorchAccelerator(name)
    return found


def code() -> tuple[type, ...]:
    """What figures of a device follow from, for run keys."""
    return (_modules().TorchAccelerator,)


def _modules() -> Any:
    return importlib.import_module("engine.backtest.accelerator.on_grid")
