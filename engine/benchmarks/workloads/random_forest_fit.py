"""Fitting a random forest: hundreds of independent trees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.benchmarks.variants import Prepared, Variant
from engine.benchmarks.workloads import ROWS, SEED, Unit, Workload
from engine.core.registry import plugin
from engine.core.spec import parameter

PREDICTED = 500  # rows, whose predictions are compared

Inputs = tuple[NDArray[np.float64], NDArray[np.float64]]


@plugin("random_forest_fit", title="Random forest fit", group="Research", synonyms=("trees", "sklearn", "regressor"))
class RandomForestFit(Workload):
    """A regression by scikit-learn's random forest on normal features, of which one in four counts.

    Each tree has a seed of its own, so that any number of threads must give the forest that one gives. The rate counts
    rows of the training set times trees.
    """

    unit: ClassVar[Unit] = ROWS
    pace: ClassVar[float] = 3e4
    axis: ClassVar[str] = "rows"
    default_sizes: ClassVar[tuple[int, ...]] = (1_000, 4_000)
    reference: ClassVar[str] = "sklearn:1"

    kind: Literal["random_forest_fit"] = "random_forest_fit"
    rows: int = parameter(4_000, title="Rows", help="Of the training set.", ge=200, le=10_000_000, step=1_000)
    columns: int = parameter(20, title="Features", ge=4, le=1_000, step=10)
    trees: int = parameter(5, title="Trees", ge=2, le=1_000, step=5)

    def label(self) -> str:
        return f"Random forest of {self.trees} trees, {self.rows} × {self.columns}"

    def variants(self) -> tuple[Variant, ...]:
        counts = (("1", "1 thread", 1), ("all", "all cores", devices.physical_cores()))
        return tuple(
            Variant(f"sklearn:{name}", f"scikit-learn {title}", partial(self._prepare, threads), ("scikit-learn",))
            for name, title, threads in counts
        )

    def inputs(self) -> Inputs:
        numbers = np.random.default_rng(SEED)
        features = numbers.standard_normal((self.rows, self.columns))
        weights = np.where(np.arange(self.columns) % 4 == 0, 1.0, 0.0)
        return features, features @ weights + numbers.standard_normal(self.rows)

    @contextmanager
    def _prepare(self, threads: int, inputs: Inputs) -> Iterator[Prepared]:
        from sklearn.ensemble import RandomForestRegressor

        features, target = inputs

        def call() -> Any:
            forest = RandomForestRegressor(self.trees, n_jobs=threads, random_state=SEED)
            return forest.fit(features, target)

        yield Prepared(call, lambda forest: np.asarray(forest.predict(features[:PREDICTED])), threads)

    def amount(self) -> float:
        return float(self.rows * self.trees)

    def bound(self) -> float:
        """The same trees; their predictions are added in another order."""
        return 1e-9

    def megabytes(self, variants: int) -> float:
        """Inputs, in float32 too, and trees that grow until each row has its leaf."""
        return self.rows * ((self.columns + 1) * 12 + variants * self.trees * 2 * 40) / 1e6
