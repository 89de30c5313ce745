"""Fitting gradient-boosted trees: what most of the research on tabular features waits for."""

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

PREDICTED = 1_000  # rows, whose predictions are compared

Inputs = tuple[NDArray[np.float64], NDArray[np.float64]]


@plugin("lightgbm_fit", title="LightGBM fit", group="Research", synonyms=("boosting", "trees", "training"))
class LightGbmFit(Workload):
    """A regression by gradient-boosted trees on normal features, of which one in four counts.

    The histograms are built column by column in a fixed order, so that any number of threads must give the trees that
    one gives. The rate is rows of the training set over the time of the whole fit.
    """

    unit: ClassVar[Unit] = ROWS
    pace: ClassVar[float] = 1e4
    axis: ClassVar[str] = "rows"
    default_sizes: ClassVar[tuple[int, ...]] = (2_000, 10_000)
    reference: ClassVar[str] = "lightgbm:1"

    kind: Literal["lightgbm_fit"] = "lightgbm_fit"
    rows: int = parameter(10_000, title="Rows", help="Of the training set.", ge=1_000, le=10_000_000, step=1_000)
    columns: int = parameter(40, title="Features", ge=4, le=1_000, step=10)
    trees: int = parameter(50, title="Trees", ge=5, le=1_000, step=10)

    def label(self) -> str:
        return f"LightGBM fit of {self.trees} trees, {self.rows} × {self.columns}"

    def variants(self) -> tuple[Variant, ...]:
        counts = (("1", "1 thread", 1), ("all", "all cores", devices.physical_cores()))
        return tuple(
            Variant(f"lightgbm:{name}", f"LightGBM {title}", partial(self._prepare, threads), ("lightgbm",))
            for name, title, threads in counts
        )

    def inputs(self) -> Inputs:
        numbers = np.random.default_rng(SEED)
        features = numbers.standard_normal((self.rows, self.columns))
        weights = np.where(np.arange(self.columns) % 4 == 0, 1.0, 0.0)
        return features, features @ weights + numbers.standard_normal(self.rows)

    @contextmanager
    def _prepare(self, threads: int, inputs: Inputs) -> Iterator[Prepared]:
        import lightgbm

        features, target = inputs
        settings = {
            "objective": "regression", "num_threads": threads, "deterministic": True, "force_col_wise": True,
            "seed": SEED, "verbosity": -1,
        }  # fmt: skip

        def call() -> Any:
            return lightgbm.train(settings, lightgbm.Dataset(features, target), self.trees)

        def values(booster: Any) -> NDArray[Any]:
            return np.asarray(booster.predict(features[:PREDICTED], num_threads=1))

        yield Prepared(call, values, threads)

    def amount(self) -> float:
        return float(self.rows)

    def bound(self) -> float:
        """Histograms that are added in the same order differ in nothing; a split that differs changes the predictions
        by a thousandth or more.
        """
        return 1e-9

    def megabytes(self, variants: int) -> float:
        """Inputs, a copy of them while they are binned, and gradients; for each variant two copies with a byte a value
        and the histograms of 31 leaves with 256 bins of two float64.
        """
        shared = self.rows * ((2 * self.columns + 1) * 8 + 40)
        return (shared + variants * (2 * self.rows * self.columns + 31 * self.columns * 256 * 16)) / 1e6
