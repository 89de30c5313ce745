"""Sweeps with stops on an accelerator against the CPU: ``python -m tests.benchmarks.sweep_device`` prints the table.

Prices in memory to metrics in memory, the same combinations on both, and every figure compared. Says "none here" where
torch has no accelerator; ``--device torch:cpu`` times its steps on the CPU, which shows that they work, not what for.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from engine import devices
from engine.backtest.sweeps.device_choice import OWN, WORK
from engine.benchmarks.workloads.sweep_on_devices import SweepOnDevices

SIZES, RUNS = (10_000, 100_000, 1_000_000), 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sweep_device", description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=[name for name in devices.NAMES if name.startswith("torch")])
    parser.add_argument("--combinations", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    print("| what | must reach | rate | against the CPU |\n|---|---|---|---|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows(given.device, given.combinations)))


def rows(device: str | None = None, sizes: tuple[int, ...] = SIZES) -> list[tuple[str, ...]]:
    """A row for each size and accelerator, or for ``device``; one that says so where there is none."""
    names = [device] if device else [name for name in WORK.here() if name != OWN]
    if not names:
        return [("sweep with stops on an accelerator", "", "none here", "")]
    return [_row(name, SweepOnDevices(combinations=size)) for name in names for size in sizes]


def _row(name: str, work: SweepOnDevices) -> tuple[str, ...]:
    inputs, seconds, found = work.inputs(), {}, {}
    for who in (OWN, name):
        with work.prepared(who, inputs) as prepared:
            found[who] = prepared.values(prepared.call())
            seconds[who] = statistics.median(_seconds(prepared.call) for _ in range(RUNS))
    error = work.error(found[name], found[OWN])
    same = "to the bit" if np.array_equal(found[name], found[OWN]) else f"within {error:.0e}"
    rate = work.amount() / seconds[name]
    return (
        f"{work.label()}, {devices.NAMES[name]}, equal {same}", "",
        f"{rate:,.0f} backtests a second", f"{seconds[OWN] / seconds[name]:.2f} x",
    )  # fmt: skip


def _seconds(call: object) -> float:
    assert callable(call)
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
