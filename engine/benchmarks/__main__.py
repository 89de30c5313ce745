"""``python -m engine.benchmarks``: workloads by every variant that this machine has, as a Markdown table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from engine import devices
from engine.benchmarks.harness import measure
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import WORKLOADS, Workload
from engine.core.errors import EngineError
from engine.core.progress import silent

QUIET = 0.1  # of the CPU: what other programs may use before the table says so


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the workloads and print the results, which are not stored. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", help="names of workloads or suites; every workload by default")
    parser.add_argument("--repetitions", type=int, default=20)
    options = parser.parse_args(arguments)
    try:
        results = [
            measure(BenchmarkSpec.parse({"workload": {"kind": name}, "repetitions": options.repetitions}), silent)
            for name in options.workloads or _workloads()
        ]
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(table(results))
    return 0


def _workloads() -> list[str]:
    return [name for name, cls in WORKLOADS.available().items() if issubclass(cls, Workload)]


def table(results: Sequence[BenchmarkResult]) -> str:
    """Markdown: medians, quartiles and ratios to the reference in the same run, with the machine they hold for."""
    lines = ["| Workload | Variant | Median, ms | Quartiles, ms | × reference | Rate | Error | Allowed | Threads |"]
    lines.append("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for item in (item for result in results for item in result.results):
        cells = np.ndindex(len(item.sizes), len(item.variants))
        lines += [f"| {' | '.join(_cells(item, variant, size))} |" for size, variant in cells]
    found = {name: version for result in results for name, version in result.versions.items()}
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    busy = max(result.busy for result in results)
    others = f" Other programs used {busy:.0%} of the CPU." if busy > QUIET else ""
    return "\n".join([*lines, "", f"{devices.machine().describe()}; {versions}.{others}", ""])


def _cells(item: WorkloadResult, variant: int, size: int) -> list[str]:
    at = variant, size
    low, middle, high = (1e3 * values[at] for values in (item.lower, item.median, item.upper))
    is_timed = np.isfinite(middle)
    timing = [f"{middle:.2f}", f"{low:.2f} to {high:.2f}", f"{item.speed_up()[at]:.2f}"] if is_timed else [""] * 3
    rate = f"{item.rate[at]:.3g} {item.unit}" if is_timed else item.notes[variant][size]
    errors = [f"{item.error[at]:.1e}", f"{item.bound[size]:.1e}"]
    return [item.labels[size], item.titles[variant], *timing, rate, *errors, str(item.threads[variant])]


if __name__ == "__main__":
    sys.exit(main())
