"""The device that computes a set of features: the one that is asked for, or the one that was measured fastest here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine import devices
from engine.features.device import CPU, ON_CPU, Choice, Wanted

WORKLOAD = "rolling_features"
"""The benchmark that "auto" follows, by symbols: from prices in memory to features in memory."""


def choose(wanted: Wanted, symbols: int) -> Choice:
    """The device for features of so many symbols. No library of one is imported: whether it answers shows later."""
    if wanted == "cpu":
        return ON_CPU
    if wanted != "auto":
        mlx = "mlx:gpu" if "mlx:gpu" in devices.expected() else "mlx:cpu"
        name = {"cuda": "torch:cuda", "mps": "torch:mps"}.get(wanted, mlx)
        return Choice(name, f"Computed on {devices.NAMES[name]} in float32, as asked for.")
    accelerators = [name for name in devices.expected() if not name.endswith(":cpu")]
    if not accelerators:
        return Choice(CPU, "Computed on the CPU in float64: this machine has no GPU that torch or MLX can use.")
    measured = devices.crossovers(WORKLOAD)
    if not measured:
        return Choice(
            CPU,
            "Computed on the CPU in float64: no other device was measured here. The benchmark Rolling features of the "
            "Hardware page tells whether a GPU is faster.",
        )
    return _fastest(measured, symbols, accelerators)


def _fastest(measured: Mapping[int, Mapping[str, float]], symbols: int, accelerators: Sequence[str]) -> Choice:
    """The fastest at the largest measured size that is not above ``symbols``, or at the smallest."""
    size = max((size for size in measured if size <= symbols), default=min(measured))
    seconds = {name: value for name, value in measured[size].items() if name in accelerators}
    own = measured[size].get("numpy:cpu")
    if own is None or not seconds:
        return Choice(CPU, f"Computed on the CPU in float64: with {size:,} symbols no GPU passed the benchmark.")
    name = min(seconds, key=seconds.__getitem__)
    told = (
        f"{size:,} symbols took {1e3 * own:.3g} ms on the CPU and {1e3 * seconds[name]:.3g} ms on {devices.NAMES[name]}"
    )
    if seconds[name] < own:
        return Choice(name, f"Computed on {devices.NAMES[name]} in float32: {told}.")
    return Choice(CPU, f"Computed on the CPU in float64: {told}.")
