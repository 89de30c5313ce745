"""The reference table: five figures that are quoted for an Apple M1 Pro."""

from __future__ import annotations

from typing import Literal

from engine.benchmarks.workloads import Suite, Target, Workload
from engine.benchmarks.workloads.group_by import GroupBy
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.benchmarks.workloads.random_forest_fit import RandomForestFit
from engine.core.registry import plugin
from engine.core.spec import parameter


@plugin("reference_suite", title="Reference table", group="Suites", synonyms=("m1", "target", "baseline"))
class ReferenceSuite(Suite):
    """A product in NumPy, torch and MLX, a group-by in pandas and a random forest, against targets for an M1 Pro.

    At the reduced size the targets shrink with the work: they ask for the same rate.
    """

    kind: Literal["reference_suite"] = "reference_suite"
    scale: Literal["reduced", "full"] = parameter(
        "reduced",
        title="Size",
        help="Full: 10,000 × 10,000, and 100 trees on 100,000 rows. Up to two minutes for each library.",
        choices={"reduced": "Reduced", "full": "Full"},
    )

    def label(self) -> str:
        return f"Suite: reference table, {self.scale} size"

    def workloads(self) -> tuple[Workload, ...]:
        double, grouped, single, forest = (work for work, _ in _full())
        if self.scale == "full":
            return double, grouped, single, forest
        return double.at(2_000), grouped, single.at(1_500), RandomForestFit(rows=5_000, columns=100, trees=10)

    def series(self) -> tuple[tuple[Workload, ...], ...]:
        return tuple((item,) for item in self.workloads())

    def budget(self) -> float:
        return 120.0 if self.scale == "full" else super().budget()

    def measured_by(self, workload: Workload) -> tuple[str, ...]:
        """At full size those that have a target: the others would need as much memory again."""
        place = self.workloads().index(workload) if self.scale == "full" and workload in self.workloads() else -1
        return tuple(_full()[place][1]) if place >= 0 else ()

    def targets(self, place: int) -> tuple[Target, ...]:
        work, seconds = _full()[place]
        return tuple(Target(library, limit, work.amount()) for library, limit in seconds.items())


def _full() -> tuple[tuple[Workload, dict[str, float]], ...]:
    """The work, and the seconds to which libraries are held."""
    return (
        (MatrixProduct(size=10_000, precision="float64"), {"numpy": 2.0}),
        (GroupBy(rows=1_000_000), {"pandas": 5.0}),
        (MatrixProduct(size=5_000), {"torch": 1.0, "mlx": 0.5}),
        (RandomForestFit(rows=100_000, columns=100, trees=100), {"sklearn": 10.0}),
    )
