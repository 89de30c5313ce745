"""The device that computes a sweep: the one that is asked for, or the one that was measured fastest here."""

from __future__ import annotations

from collections.abc import Callable

from engine import devices, routing
from engine.backtest.sweeps.device import ON_CPU, Asked
from engine.features.device import CPU, Choice, Wanted
from engine.routing import Route, Work

WORKLOAD = "sweep_on_devices"
"""The benchmark that "auto" follows, by combinations: from prices in memory to metrics in memory."""
OWN = "numpy:cpu"
_FLOAT32 = ("torch:mps",)
WORK = Work(WORKLOAD, "Sweeps", "combinations", OWN, (OWN, "torch:cuda", "torch:mps"))
_ON_CPU = "Computed on the CPU in float64"


def choose(wanted: Wanted, asked: Callable[[], Asked]) -> Choice:
    """The device for what is ``asked``. No library of one is imported: whether it answers shows later."""
    if wanted == "cpu" or (wanted == "auto" and WORK.here() == (OWN,)):
        return ON_CPU
    combinations, unfollowed = asked()
    if unfollowed:
        return Choice(CPU, f"{_ON_CPU}: {unfollowed}.")
    if wanted == "mlx":
        return Choice(CPU, f"{_ON_CPU}: MLX is not offered for sweeps.")
    if wanted != "auto":
        name = f"torch:{wanted}"
        absence = devices.absence(name)
        missing = f", but it is missing: {absence[:1].lower()}{absence[1:-1]}" if absence else ""
        return Choice(name, f"Computed on {_told(name)}, as asked for{missing}.")
    found = routing.route(WORK, combinations)
    return Choice(CPU if found.device == OWN else found.device, _why(found, combinations))


def _told(name: str) -> str:
    return f"{devices.NAMES[name]} in {'float32' if name in _FLOAT32 else 'float64'}"


def _why(found: Route, combinations: int) -> str:
    where = _ON_CPU if found.device == OWN else f"Computed on {_told(found.device)}"
    if not found.seconds:
        advice = " The benchmark Sweep on devices of the Hardware page shows whether a GPU is faster."
        return f"{where}. {found.reason}{advice}"
    times = [f"{1e3 * value:.3g} ms on {_title(name)}" for name, value in found.seconds.items()]
    return f"{where}. {found.reason} By measurement {combinations:,} combinations take {', '.join(times)}."


def _title(name: str) -> str:
    return "the CPU" if name == OWN else devices.NAMES[name]
