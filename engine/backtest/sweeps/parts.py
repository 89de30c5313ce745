"""Sweeps that spend their time in strategies' own code, divided among the worker processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.plain import is_plain
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.accounts import EvaluationBatch, MetricArrays, Places, SweepAccount, laid_out
from engine.backtest.sweeps.batch import fill_in
from engine.backtest.sweeps.rows import groups
from engine.core.progress import Progress, silent
from engine.jobs import worker
from engine.jobs.cluster import fan_out
from engine.strategies.crossing import Crossing

_LEAST = 300  # combinations that are worth the way to other processes
_WAVES, _PARTS = 10, 8  # times that all processes come together, so that the heatmap grows; parts of each


def is_divisible(unit: SweepAccount, places: Places) -> bool:
    """Whether this is a job on the cluster, and one for more than one process: kernels have threads already."""
    if len(places) < _LEAST or worker.this_worker() is None:
        return False
    is_paid = any(item.dividends is not None for item in unit.bars)
    return is_paid or not (isinstance(unit.spec.strategy, Crossing) and is_plain(unit.spec))


def divided(work: EvaluationBatch, places: Places) -> None:
    """``batch.fill_in`` of the combinations ``places``, in parts. Those with the same strategy stay together."""
    unit, found = work.unit, work.found
    together = np.concatenate([chosen for _, chosen in groups(work.parameters, work.inner(), places, work.look)])
    common = (unit.spec.model_dump_json(), unit.bars, tuple(work.scales))
    for wave in np.array_split(together, min(_WAVES, len(together) // _LEAST + 1)):
        parts = [part for part in np.array_split(wave, _PARTS) if len(part)]
        items = [(*common, work.parameters[part], found.has_drawdown, dict(work.inputs)) for part in parts]

        def heard(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
            work.look()  # which raises once the sweep is cancelled

        for part, arrays in zip(parts, fan_out(_part, items, heard), strict=True):
            for mine, theirs in zip(found.arrays(), arrays, strict=True):
                if mine.shape[1]:
                    mine[:, part] = theirs
        work.step(len(wave))


def _part(item: tuple[Any, ...], progress: Progress = silent) -> tuple[NDArray[Any], ...]:
    """The figures of some combinations; what is sent is plain data, for a plug-in's class may not be there yet."""
    text, bars, scales, parameters, drawdown, inputs = item
    units = laid_out(BacktestSpec.parse(json.loads(text)), bars)
    found = MetricArrays.empty(len(units), len(parameters), drawdown)
    work = EvaluationBatch(units, scales, parameters, found, inputs, lambda count: progress(0.0, ""))
    fill_in(work, np.arange(len(parameters)))
    return found.arrays()
