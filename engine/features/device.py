"""Device of a request for features, and the way to the modules that know more of it.

Those import torch, MLX and compiled loops. They are no part of features on the CPU, neither of their run key nor of
what the server may compute at once: hence their import by name. A request that needs one says so in ``RunSpec.uses``.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Wanted = Literal["auto", "cpu", "cuda", "mps", "mlx"]
DEVICES: Mapping[Wanted, str] = MappingProxyType(
    {"cpu": "CPU", "auto": "Fastest measured", "cuda": "CUDA", "mps": "MPS", "mlx": "MLX"}
)
"""What a form calls them."""
CPU = ""
"""In place of a device's name: the library's own functions, in float64."""


class Choice(NamedTuple):
    """``device`` is one of ``engine.devices.NAMES``, or ``CPU``; ``reason`` a sentence."""

    device: str
    reason: str


ON_CPU = Choice(CPU, "Computed on the CPU in float64, as asked for.")


def choice_of(wanted: Wanted, symbols: int) -> Choice:
    """The device for features of so many symbols, and why."""
    if wanted == "cpu":
        return ON_CPU
    found: Choice = importlib.import_module("engine.features.choice").choose(wanted, symbols)
    return found


def accelerated() -> Any:
    """The module ``engine.features.on_device``."""
    return importlib.import_module("engine.features.on_device")
