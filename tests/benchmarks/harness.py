"""Overhead of the benchmark harness on a call that takes a millisecond.

``python -m tests.benchmarks.harness`` prints its row. The same sleepless wait is timed in a bare loop and by a lane, in
turns; a second row is how much of a call's time passes around it.
"""

from __future__ import annotations

import statistics
import time

from engine.benchmarks.ceilings import relative_iqr
from engine.benchmarks.lane import Lane
from engine.benchmarks.variants import Prepared
from engine.benchmarks.workloads.matrix_product import MatrixProduct

CALLS, TURNS, WORK = 200, 7, 1e-3


def main() -> None:
    for row in rows():
        print(f"| {' | '.join(row)} |")


def rows() -> list[tuple[str, ...]]:
    """The rows of the table."""
    timed, around = zip(*(_turn() for _ in range(TURNS)), strict=True)
    what = "harness of benchmarks, against a bare loop on a 1 ms operation"
    told = [f"{100 * statistics.median(part):.2f}%" for part in (timed, around)]
    between = f"{100 * min(timed):.2f} to {100 * max(timed):.2f}%"
    steady = [relative_iqr() for _ in range(3)]
    return [
        (what, "2%", f"{told[0]} in a sample, {told[1]} of wall time", between),
        (
            "interquartile range over median of a 100 ms workload",
            "10%, else noisy",
            f"{statistics.median(steady):.1%}",
            f"{min(steady):.1%} to {max(steady):.1%}",
        ),
    ]


def work() -> None:
    until = time.perf_counter() + WORK
    while time.perf_counter() < until:
        pass


def _turn() -> tuple[float, float]:
    """What a sample and what a loop of samples take more than a bare loop, as shares."""
    lane = Lane(MatrixProduct().variant("numpy:cpu"), ready=Prepared(work, _none))
    began = time.perf_counter()
    bare = []
    for _ in range(CALLS):
        started = time.perf_counter()
        work()
        bare.append(time.perf_counter() - started)
    between = time.perf_counter()
    lane.sample(CALLS - 1, lambda: None)
    ended = time.perf_counter()
    sample = statistics.median(lane.samples) / statistics.median(bare) - 1
    return sample, (ended - between) / (between - began) - 1


def _none(_: object) -> object:
    raise NotImplementedError


if __name__ == "__main__":
    main()
