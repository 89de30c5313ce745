"""The roofline as a check: what is faster than the device can be was not computed."""

from __future__ import annotations

from statistics import median

from engine.benchmarks.lane import Lane, Report
from engine.benchmarks.operations import SIZES
from engine.benchmarks.processes import Bench
from engine.benchmarks.result import Ceiling
from engine.benchmarks.workloads import Workload

MARGIN = 1.25  # above a measured ceiling: clocks rise and fall, and other libraries are better at one thing or another


class Roofs:
    """The ceilings of the devices that take part, each measured when it is first needed.

    A CPU's is the highest that any of its libraries has reached. Arithmetic on half precision may be done in float32,
    so its ceiling counts too: torch multiplies float16 on a CPU ten times slower than its attention does. A result
    beyond it has the ceiling measured once more, as the machine may have been disturbed, and is rejected if it still
    is.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._ceilings: dict[tuple[str, str], Ceiling | None] = {}

    def found(self) -> tuple[Ceiling, ...]:
        """Those that were measured, in the order of their measurement."""
        return tuple(item for item in self._ceilings.values() if item)

    def problem(self, workload: Workload, lane: Lane, report: Report) -> str:
        """Why the timing of a lane cannot be, a sentence; "" where it can or nothing is known of it. ``report`` is
        called while a ceiling is measured.
        """
        counted = workload.arithmetic() or workload.traffic()
        if not (counted and workload.number() and lane.variant.device and lane.samples):
            return ""
        if not self._beyond(workload, lane, report, again=False):
            return ""
        return self._beyond(workload, lane, report, again=True)

    def _beyond(self, workload: Workload, lane: Lane, report: Report, again: bool) -> str:
        device, numbers = lane.variant.device, {workload.number()}
        if SIZES.get(workload.number(), 4) < 4:
            numbers.add("float32")
        for number in sorted(numbers):
            if again or (device, number) not in self._ceilings:
                self._measure(device, number, report)
        near = [
            item
            for item in self._ceilings.values()
            if item and item.number in numbers and item.is_gpu == lane.variant.on_gpu
        ]
        seconds = median(lane.samples)
        for reached, best, unit in (
            (workload.arithmetic() / seconds, max((item.compute for item in near), default=0.0), "GFLOP/s"),
            (workload.traffic() / seconds, max((item.cache for item in near), default=0.0), "GB/s"),
        ):
            if best and reached > MARGIN * best:
                return (
                    f"{lane.variant.title}: {reached / 1e9:,.0f} {unit} are beyond the {best / 1e9:,.0f} {unit} that "
                    "this device reaches at most: the work was not done. Not used."
                )
        return ""

    def _measure(self, device: str, number: str, report: Report) -> None:
        before, found = self._ceilings.get((device, number)), self._bench.ceiling(device, number, report)
        if before and found:
            best = {name: max(getattr(before, name), getattr(found, name)) for name in ("compute", "memory", "cache")}
            found = Ceiling(device, number, **best)
        self._ceilings[device, number] = found
