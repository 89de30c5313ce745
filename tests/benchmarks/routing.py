"""Work sent to the device that was measured fastest, against all of it on the best single one.

``python -m tests.benchmarks.routing`` prints its row. Each network is measured at the usual sizes, as the suite does;
then everything is timed anew, sizes between and beyond them too, and devices are chosen by the first measurement.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import get_args

import numpy as np

from engine import routing
from engine.benchmarks import routed
from engine.benchmarks.harness import measure
from engine.benchmarks.result import WorkloadResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import Workload
from engine.benchmarks.workloads.network_step import Kind, NetworkStep
from engine.benchmarks.workloads.rolling_features import RollingFeatures
from engine.core.progress import silent
from tests.support.workspace import in_force

BETWEEN = 2  # times the usual sizes
REPETITIONS = 7


def main() -> None:
    for row in rows():
        print(f"| {' | '.join(row)} |")


def rows() -> list[tuple[str, ...]]:
    """The row of the table; none on a machine that leaves no choice."""
    works = [*(NetworkStep(network=name) for name in get_args(Kind)), RollingFeatures()]
    with tempfile.TemporaryDirectory() as folder, in_force(Path(folder)):
        parts = [_timed(item) for item in works if (work := routed.work_of(item)) and len(work.here()) > 1]
    if not parts:
        return []
    chosen, seconds = (np.concatenate(column) for column in zip(*parts, strict=True))
    single = np.nansum(seconds, axis=0)
    single[np.isnan(seconds).any(axis=0)] = np.inf  # one that does not do all of it is no single device
    ratios = chosen / np.nanmin(seconds, axis=1)
    return [(
        f"`auto` against the best single device, {len(chosen)} pieces of work by {seconds.shape[1]} devices",
        "1.05", f"{chosen.sum() / single.min():.3f}",
        f"a piece against its best device: median {np.median(ratios):.3f}, worst {ratios.max():.2f}",
    )]  # fmt: skip


def _timed(workload: Workload) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Seconds of the chosen device (sizes,) and of each (sizes, devices), in the order of the networks' devices."""
    work = routed.work_of(workload)
    assert work
    usual = workload.default_sizes
    routed.keep(workload, _measured(workload, usual))
    again = _measured(workload, tuple(sorted({size * times for size in usual for times in (1, BETWEEN)})))
    names = [name for name in routed.works()[-1].here() if name in again.variants]
    seconds = np.stack([again.median[again.variants.index(name)] for name in names], axis=1)
    sizes = [int(size) for size in again.sizes]
    rows = [again.variants.index(routing.route(work, size).device) for size in sizes]
    return again.median[rows, range(len(sizes))], seconds


def _measured(workload: Workload, sizes: tuple[int, ...]) -> WorkloadResult:
    action = BenchmarkSpec(workload=workload, sizes=sizes, repetitions=REPETITIONS)
    return measure(action, silent).results[0]


if __name__ == "__main__":
    main()
