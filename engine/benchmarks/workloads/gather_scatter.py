"""Rows taken by their places and added back: what tables of features and graphs do."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.kernel_workload import Arrays
from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import GIGABYTES, SEED, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.features.kernels import Kernels


@plugin("gather_scatter", title="Gather and scatter", group="Arithmetic", synonyms=("index", "embedding", "take"))
class GatherScatter(Primitive):
    """Rows are taken in random order and added to other rows, some to the same.

    The rate counts each of them read and written, twice.
    """

    unit: ClassVar[Unit] = GIGABYTES
    pace: ClassVar[float] = 2e8
    axis: ClassVar[str] = "rows"
    default_sizes: ClassVar[tuple[int, ...]] = (1000, 20000)

    kind: Literal["gather_scatter"] = "gather_scatter"
    rows: int = parameter(20_000, title="Rows", ge=16, le=10_000_000, step=1_000)
    columns: int = parameter(32, title="Columns", ge=1, le=1_024, step=16)

    def label(self) -> str:
        return f"Gather and scatter of {self.rows} × {self.columns} {self.precision}"

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.rows, self.columns), (self.rows,), (self.rows,)

    def counts(self) -> tuple[int, int, int]:
        return self.rows * (self.columns + 2), self.rows * self.columns, self.rows * (self.columns + 2)

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        return _moved(operations, *arrays)

    def amount(self) -> float:
        return 4.0 * self.itemsize() * self.rows * self.columns

    def depth(self) -> int:
        return 16

    def inputs(self) -> Arrays:
        """A table, places in it in random order, and places of which some are named twice."""
        numbers = np.random.default_rng(SEED)
        table = numbers.standard_normal((self.rows, self.columns))
        taken, put = numbers.permutation(self.rows), numbers.integers(0, self.rows, self.rows)
        return tuple(part.astype(self.precision) for part in (table, taken, put))

    def placed(self, kernels: Kernels, inputs: Arrays) -> tuple[Any, ...]:
        operations, table, taken, put = super().placed(kernels, inputs)
        return operations, table, operations.index(taken), operations.index(put)

    def expected(self, inputs: Arrays) -> NDArray[np.float64]:
        table, taken, put = (part.astype(np.float64) for part in inputs)
        found = table.copy()
        np.add.at(found, put.astype(np.int64), table[taken.astype(np.int64)])
        return np.asarray(found)


def _moved(operations: Operations, table: Any, taken: Any, put: Any) -> Any:
    return operations.scatter(table, put, operations.gather(table, taken))
