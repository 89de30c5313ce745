"""``python -m engine.benchmarks``: every workload on every device of this machine, as a Markdown table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from engine import devices
from engine.benchmarks.harness import measure
from engine.benchmarks.result import BenchmarkResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import WORKLOADS
from engine.core.errors import EngineError
from engine.core.progress import silent

QUIET = 0.1  # of the CPU: what other programs may use before the table says so


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures afresh and prints; what it measures is not stored. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", help="their names; all by default")
    parser.add_argument("--repetitions", type=int, default=20)
    given = parser.parse_args(arguments)
    try:
        results = [
            measure(BenchmarkSpec.parse({"workload": {"kind": name}, "repetitions": given.repetitions}), silent)
            for name in given.workloads or WORKLOADS.available()
        ]
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(table(results))
    return 0


def table(results: Sequence[BenchmarkResult]) -> str:
    """Markdown: medians, quartiles and ratios to NumPy in the same run, with the machine they hold for."""
    lines = ["| Workload | Device | Median, ms | Quartiles, ms | × NumPy | Rate | Error | Allowed | Threads |"]
    lines.append("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for result in results:
        speed_up = result.speed_up()
        for index, device in enumerate(result.devices):
            low, middle, high = (1e3 * values[index] for values in (result.lower, result.median, result.upper))
            timing = [f"{middle:.2f}", f"{low:.2f} to {high:.2f}", f"{speed_up[index]:.2f}"]
            rate = f"{result.rate[index]:.3g} {result.unit}"
            cells = [result.workload, devices.NAMES[device], *(timing if np.isfinite(middle) else ["", "", ""])]
            cells += [rate if np.isfinite(middle) else result.note[index], f"{result.error[index]:.1e}"]
            cells += [f"{result.bound:.1e}", str(result.threads[index])]
            lines.append(f"| {' | '.join(cells)} |")
    versions = ", ".join(f"{name} {version}" for name, version in devices.library_versions().items())
    busy = max(result.busy for result in results)
    others = f" Other programs used {busy:.0%} of the CPU." if busy > QUIET else ""
    return "\n".join([*lines, "", f"{devices.machine().describe()}; {versions}.{others}", ""])


if __name__ == "__main__":
    sys.exit(main())
