"""Sweeps whose time is spent in the strategies' own code, distributed over the worker processes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.backtest.plain import is_plain
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.accounts import EvaluationBatch, MetricArrays, accounts_on
from engine.backtest.sweeps.batch import evaluate_batch, strategies_at
from engine.backtest.sweeps.condition_grid import grid_of, structure
from engine.backtest.sweeps.rows import Places, groups
from engine.backtest.sweeps.ways import MOST_CROSSED
from engine.core.progress import Progress, silent
from engine.jobs import worker
from engine.jobs.cluster import fan_out
from engine.market.panel import align
from engine.strategies import Allocation
from engine.strategies import call_strategy as asked
from engine.strategies.crossing import Crossing

_MINIMUM_DISTRIBUTED = 300  # combinations worth distributing
_ASKS, _SHARE = 5_000, 0.1  # conditions worth distributing: so many, and so many a combination
_SLOW = 0.02  # seconds of deciding worth a process of its own: several accounts, which threads follow meanwhile
_WAVES, _PARTS = 10, 8  # synchronisations, after which the heatmap is updated; parts of each


def is_divisible(work: EvaluationBatch, places: Places) -> bool:
    """Whether this runs on the cluster and gains from several processes: the kernels use threads already."""
    unit = work.unit
    if len(places) < _MINIMUM_DISTRIBUTED or worker.this_worker() is None:
        return False
    if isinstance(unit.spec.strategy, Allocation):
        return _decides_slowly(work, places)
    if isinstance(unit.spec.strategy, Crossing):
        is_paid = any(item.dividends is not None for item in unit.bars)
        return len(unit.bars) > MOST_CROSSED and (is_paid or not is_plain(unit.spec))
    grid = None if structure(unit.spec.strategy, work.scales) else grid_of(work, unit.spec)
    return grid is None or grid.asks(places) > max(len(places) * _SHARE, _ASKS)


def _decides_slowly(work: EvaluationBatch, places: Places) -> bool:
    """Whether the weights of an allocation take long, even if what it keeps for others is there."""
    spec, _ = next(strategies_at(work, places[:1]))
    panel, began = align(work.unit.known), 0.0
    for _ in range(2):
        began = time.perf_counter()
        asked.weights(cast(Allocation, spec.strategy), panel, work.inputs)
    return time.perf_counter() - began > _SLOW


def evaluate_divided(work: EvaluationBatch, places: Places) -> None:
    """``batch.evaluate_batch`` of the combinations ``places``, in parts. Those with the same strategy stay together."""
    unit, found = work.unit, work.metrics
    together = np.concatenate(
        [chosen for _, chosen in groups(work.parameters, work.strategy_axes(), places, work.check_cancelled)]
    )
    common = (unit.spec.model_dump_json(), unit.bars, tuple(work.scales))
    for wave in np.array_split(together, min(_WAVES, len(together) // _MINIMUM_DISTRIBUTED + 1)):
        parts = [part for part in np.array_split(wave, _PARTS) if len(part)]
        items = [(*common, work.parameters[part], found.has_drawdown, dict(work.inputs)) for part in parts]

        def heard(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
            work.check_cancelled()  # which raises once the sweep is cancelled

        for part, arrays in zip(parts, fan_out(_part, items, heard), strict=True):
            for target, source in zip(found.arrays(), arrays, strict=True):
                if target.shape[1]:
                    target[:, part] = source
        work.step(len(wave))


def _part(item: tuple[Any, ...], progress: Progress = silent) -> tuple[NDArray[Any], ...]:
    """The metrics of some combinations; ``item`` is plain data, as the worker may not have loaded a plug-in yet."""
    text, bars, scales, parameters, drawdown, inputs = item
    units = accounts_on(BacktestSpec.parse(json.loads(text)), bars)
    found = MetricArrays.empty(len(units), len(parameters), drawdown)
    work = EvaluationBatch(units, scales, parameters, found, inputs, lambda count: progress(0.0, ""))
    evaluate_batch(work, np.arange(len(parameters)))
    return found.arrays()
