"""Which device each kind of work goes to on this machine, by what was measured, and by how much it is faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine import devices
from engine.benchmarks.result import WorkloadResult

NETWORK = "network"
CPU = ("numpy:cpu", "torch:cpu")
"""What the others are compared with; the first that was measured."""


@dataclass(frozen=True)
class Decision:
    """Work of one ``size`` goes to the device ``name``, which is ``margin`` times as fast as the next best."""

    work: str
    size: int
    name: str
    margin: float
    seconds: Mapping[str, float]

    def sentence(self) -> str:
        """For the table."""
        title = devices.NAMES.get(self.name, self.name)
        if len(self.seconds) == 1:
            return f"{title}, the only device that passed."
        return f"{title}, {self.margin:.2f} times as fast as the next."


def decisions(work: str, crossovers: Mapping[int, Mapping[str, float]]) -> list[Decision]:
    """By size; of sizes at which nothing passed, none."""
    found = []
    for size, seconds in sorted(crossovers.items()):
        ranked = sorted((value, name) for name, value in seconds.items() if value > 0)
        if not ranked:
            continue
        best, name = ranked[0]
        margin = ranked[1][0] / best if len(ranked) > 1 else float("inf")
        found.append(Decision(work, size, name, margin, dict(seconds)))
    return found


def excluded(result: WorkloadResult) -> Mapping[str, str]:
    """Devices that may not be used for the work of a result, by title, with the reason."""
    return {
        title: next(note for note in result.notes[row] if note)
        for row, title in enumerate(result.titles)
        if not result.usable[row].all() and any(result.notes[row])
    }


def of_network(network: str, work: str) -> str:
    """Under which the crossovers of a network's training or inference are kept."""
    return f"{NETWORK}_{network}_{work}"
