"""The device that computes a set of features: the one that is asked for, or the one that was measured fastest here."""

from __future__ import annotations

from engine import devices, routing
from engine.features.device import CPU, ON_CPU, Choice, Wanted
from engine.routing import Route, Work

WORKLOAD = "rolling_features"
"""The benchmark that "auto" follows, by symbols: from prices in memory to features in memory."""
_OWN = "numpy:cpu"
WORK = Work(WORKLOAD, "Features", "symbols", _OWN, (_OWN, "torch:cuda", "torch:mps", "mlx:gpu"))


def choose(wanted: Wanted, symbols: int) -> Choice:
    """The device for features of so many symbols. No library of one is imported: whether it answers shows later."""
    if wanted == "cpu":
        return ON_CPU
    if wanted != "auto":
        mlx = "mlx:gpu" if "mlx:gpu" in devices.expected() else "mlx:cpu"
        name = {"cuda": "torch:cuda", "mps": "torch:mps"}.get(wanted, mlx)
        return Choice(name, f"Computed on {devices.NAMES[name]} in float32, as asked for.")
    if WORK.here() == (_OWN,):
        return Choice(CPU, "Computed on the CPU in float64: this machine has no GPU that torch or MLX can use.")
    found = routing.route(WORK, symbols)
    return Choice(CPU if found.device == _OWN else found.device, _told(found, symbols))


def _told(found: Route, symbols: int) -> str:
    where = "the CPU in float64" if found.device == _OWN else f"{devices.NAMES[found.device]} in float32"
    if not found.seconds:
        advice = " The benchmark Rolling features of the Hardware page tells whether a GPU is faster."
        return f"Computed on {where}. {found.reason}{advice}"
    times = [f"{1e3 * value:.3g} ms on {devices.NAMES[name]}" for name, value in found.seconds.items()]
    return f"Computed on {where}. {found.reason} By measurement {symbols:,} symbols take {', '.join(times)}."
