"""Means and deviations by group: what cross-sections and calendars are computed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import ROWS, SEED, Unit, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter

Inputs = tuple[NDArray[np.int64], NDArray[np.float64]]


@plugin("group_by", title="Group-by", group="Research", synonyms=("pandas", "aggregate", "mean", "standard deviation"))
class GroupBy(Workload):
    """The mean and the standard deviation of normal numbers in each of some groups, whose rows are in random order."""

    unit: ClassVar[Unit] = ROWS
    pace: ClassVar[float] = 3e6
    axis: ClassVar[str] = "rows"
    default_sizes: ClassVar[tuple[int, ...]] = (100_000, 1_000_000)
    reference: ClassVar[str] = "pandas:group_by"

    kind: Literal["group_by"] = "group_by"
    rows: int = parameter(1_000_000, title="Rows", ge=1_000, le=100_000_000, step=100_000)
    groups: int = parameter(1_000, title="Groups", ge=2, le=100_000, step=100)

    def label(self) -> str:
        return f"Group-by of {self.rows} rows in {self.groups} groups"

    def variants(self) -> tuple[Variant, ...]:
        ways = (("pandas:group_by", "pandas", _pandas), ("numpy:bincount", "NumPy bincount", _bincount))
        return tuple(
            Variant(name, title, partial(self._prepare, way), (name.partition(":")[0],)) for name, title, way in ways
        )

    def inputs(self) -> Inputs:
        """Each group has its rows, two at least where there are so many."""
        numbers = np.random.default_rng(SEED)
        keys = np.arange(self.rows) % self.groups
        return numbers.permutation(keys), numbers.standard_normal(self.rows)

    @contextmanager
    def _prepare(self, way: Callable[[Inputs, int], Callable[[], Any]], inputs: Inputs) -> Iterator[Prepared]:
        yield Prepared(way(inputs, self.groups), np.asarray)

    def amount(self) -> float:
        return float(self.rows)

    def bound(self) -> float:
        """Sums in another order, of squares that are subtracted."""
        return 1e-9

    def error(self, result: NDArray[Any], expected: Any) -> float:
        """As of every workload; the deviation in a group of one row is NaN in both."""
        if result.shape != expected.shape or (np.isnan(result) != np.isnan(expected)).any():
            return float("inf")
        return float(np.nanmax(np.abs(result - expected)) / np.nanmax(np.abs(expected)))

    def megabytes(self, variants: int) -> float:
        """Keys and values, a frame of them, and what sorts the rows by group."""
        return 8 * (self.rows * 10 + self.groups * 32) / 1e6 + 1


def _pandas(inputs: Inputs, groups: int) -> Callable[[], Any]:
    import pandas as pd

    frame = pd.DataFrame({"key": inputs[0], "value": inputs[1]})
    return lambda: frame.groupby("key")["value"].agg(["mean", "std"]).to_numpy()


def _bincount(inputs: Inputs, groups: int) -> Callable[[], Any]:
    keys, values = inputs

    def call() -> NDArray[np.float64]:
        count = np.bincount(keys, minlength=groups)
        mean = np.bincount(keys, values, groups) / count
        away = np.bincount(keys, (values - mean[keys]) ** 2, groups)
        freedom = np.where(count > 1, count - 1, np.nan)
        return np.stack([mean, np.sqrt(away / freedom)], axis=1)

    return call
