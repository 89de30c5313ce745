"""Computing statistics of features."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress, section
from engine.core.spec import canonical_json
from engine.features.evaluation import FeatureInputs, load_context
from engine.features.matrix import FeatureMatrix
from engine.jobs.executors import computes
from engine.labels import call_label
from engine.labels.returns import forward_returns
from engine.market.bars import Floats, Market
from engine.research.features.distribution import distributions, fifth_returns
from engine.research.features.dynamics import dynamics
from engine.research.features.information import information
from engine.research.features.panel import Grid
from engine.research.features.redundancy import redundancy
from engine.research.features.result import FeatureReport
from engine.research.features.spec import FeatureReportSpec


@computes(FeatureReportSpec)
def compute(spec: FeatureReportSpec, inputs: Mapping[str, Any], progress: Progress) -> FeatureReport:
    """Executor of ``FeatureReportSpec``. Raises ``DataError`` where no feature has a value."""
    market: Market = inputs["market"]
    matrix: FeatureMatrix = inputs["features"]
    settled = matrix.bar[:, None] >= np.array(matrix.warm_up)[None, :]
    values = np.where(settled, matrix.values, np.nan)
    if not np.isfinite(values).any():
        raise DataError("No feature has a value in this range: choose a longer one.")
    grid, horizons = Grid.of(matrix), spec.all_horizons()
    returns = [_joined([forward_returns(bars, horizon).value for bars in market.bars]) for horizon in horizons]
    found = information(values, returns, horizons, grid, section(progress, 0.0, 0.3))
    own = returns[horizons.index(min(spec.target.horizon, horizons[-1]))]
    means, counts = fifth_returns(values, own, grid, found.across)
    moves = dynamics(values, grid, found.across, spec.seed, section(progress, 0.3, 0.85))
    label = _joined([call_label.labels(spec.target, bars).value for bars in market.bars])
    return FeatureReport(
        label=spec.label(),
        names=matrix.names,
        feature=_owners(spec),
        symbols=matrix.symbols,
        rows=len(values),
        target=spec.target.label(),
        horizon=spec.target.horizon,
        distributions=distributions(values, settled),
        dynamics=moves,
        information=found,
        fifth_returns=means,
        fifth_counts=counts,
        redundancy=redundancy(values, label, spec.target.task, spec.seed, section(progress, 0.85, 0.95)),
        milliseconds=_milliseconds(spec, market, section(progress, 0.95, 1.0)),
        megabytes=8e-6 * len(values) / len(matrix.symbols),
        features=tuple(canonical_json(feature) for feature in spec.features),
    )


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts)


def _owners(spec: FeatureReportSpec) -> Any:
    return np.repeat(np.arange(len(spec.features)), [len(feature.outputs) for feature in spec.features])


def _milliseconds(spec: FeatureReportSpec, market: Market, progress: Progress) -> Floats:
    """Of each column, the least of three measurements on the longest symbol, shared by the columns of its feature."""
    bars = max(market.bars, key=len)
    found = []
    for done, feature in enumerate(spec.features):
        progress(done / len(spec.features), "Cost")
        times = []
        for _ in range(3):
            inputs = FeatureInputs(market, load_context((feature,), spec.market))  # nothing is left of the last time
            began = time.perf_counter()
            inputs.compute(feature, bars)
            times.append(1e3 * (time.perf_counter() - began))
        found += [min(times) / len(feature.outputs)] * len(feature.outputs)
    return np.array(found)
