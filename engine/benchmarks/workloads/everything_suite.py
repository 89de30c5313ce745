"""All suites, one after the other."""

from __future__ import annotations

from typing import Literal

from engine.benchmarks.workloads import WORKLOADS, Suite, Workload
from engine.core.registry import plugin


@plugin("everything_suite", title="Everything", group="Suites", synonyms=("all", "complete", "overnight"))
class EverythingSuite(Suite):
    """Every suite, work that is in several of them once: devices then follow what was measured of all of it."""

    kind: Literal["everything_suite"] = "everything_suite"

    def label(self) -> str:
        return "Suite: everything"

    def series(self) -> tuple[tuple[Workload, ...], ...]:
        suites = [cls for cls in WORKLOADS.available().values() if issubclass(cls, Suite) and cls is not type(self)]
        return tuple(dict.fromkeys(part for cls in suites for part in cls().series()))

    def workloads(self) -> tuple[Workload, ...]:
        """Each at its smallest size."""
        return tuple(dict.fromkeys(part[0] for part in self.series()))
