"""Running a sweep: the combinations divided among the kernels, in parts that can be watched and cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.axes import Scale
from engine.backtest.sweeps.common import common_warm_up
from engine.backtest.sweeps.evaluation import try_unit
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.rows import Look, numbered, unwatched
from engine.backtest.sweeps.units import Figures, Unit, Work, units_of
from engine.backtest.sweeps.watch import Watch, counting
from engine.errors import SpecError
from engine.market.bars import Floats
from engine.market.catalog import require_tradeable
from engine.market.panel import calendar
from engine.progress import Progress

if TYPE_CHECKING:
    from engine.backtest.sweeps.spec import SweepSpec


def run_sweep(
    spec: SweepSpec, inputs: Mapping[str, Any], progress: Progress, start: np.datetime64 | None = None
) -> SweepResult:
    """The result of ``spec``. Raises ``NotTradeable``, ``DataError`` or ``SpecError`` where it cannot be run at all.

    All combinations are measured on the same bars: from the first on which every one of them can trade, or from
    ``start``.
    """
    require_tradeable(inputs["market"])
    scales, known = spec.scales(), inputs["market"].bars

    def look() -> None:
        progress(0.0, "Laying out the combinations")

    def lay_out(parameters: Floats | None) -> tuple[int, list[Unit]]:
        warm_up = 0 if start is not None else common_warm_up(spec.base, scales, parameters, known, look)
        return warm_up, units_of(spec.base, known, warm_up, start)

    if spec.sample == "tpe":
        from engine.backtest.sweeps.tuning import search

        warm_up, units = lay_out(None)
        shown: list[Figures] = []
        with counting(units[0], shown, lambda: sum(len(item.sharpe) for item in shown)):
            parameters, figures, left_out, warnings = search(spec, scales, units, inputs, progress, shown)
        return _result(spec, scales, units, warm_up, parameters, figures, left_out, warnings)

    parameters, left_out = combinations(spec, scales, look)
    warm_up, units = lay_out(parameters)
    watch = Watch(progress, scales, parameters, len(units))
    warnings, figures = [], []
    with counting(units[0], figures, lambda: watch.count):
        for unit in units:
            figures.append(Figures.empty(len(parameters), spec.drawdown))
            watch.begin(unit.name, figures[-1].sharpe)
            work = Work(unit, scales, parameters, figures[-1], inputs, watch.step)
            warnings += try_unit(work, alone=len(units) == 1)
    return _result(spec, scales, units, warm_up, parameters, figures, left_out, warnings, lambda: watch.step(0))


def combinations(spec: SweepSpec, scales: Sequence[Scale], look: Look = unwatched) -> tuple[Floats, int]:
    """The valid combinations of ``spec``, and how many were left out. Raises ``SpecError`` where there are none."""
    if spec.sample != "grid":
        return sampling.drawn(scales, spec.base, spec.sample, spec.count, spec.seed, look)
    every = sampling.grid(scales, look)
    fine = sampling.valid(scales, spec.base, every, look)
    if not fine.any():
        raise SpecError([("axes", "None of the combinations is valid: change the ranges of the axes.")])
    if fine.all():
        return every, 0
    look()
    return every[fine], int(np.count_nonzero(~fine))


def _result(
    spec: SweepSpec,
    scales: Sequence[Scale],
    units: Sequence[Unit],
    warm_up: int,
    parameters: Floats,
    figures: Sequence[Figures],
    left_out: int,
    warnings: Sequence[str],
    look: Look = unwatched,
) -> SweepResult:
    shape, waited = (len(units), len(parameters)), min(unit.bars.waited() for unit in units)
    if waited > max(unit.returns() for unit in units):
        warnings = [*warnings, _about_waiting(waited, units)]
    drawdowns = [item.drawdown if len(item.drawdown) else np.full(len(parameters), np.nan) for item in figures]
    return SweepResult(
        label=spec.base.label(),
        family=spec.base.strategy.kind,
        symbols=tuple(unit.name for unit in units),
        objective=spec.objective,
        axes=tuple(scale.path for scale in scales),
        titles=tuple(scale.title for scale in scales),
        units=tuple(scale.unit for scale in scales),
        whole=tuple(scale.whole for scale in scales),
        values=tuple(tuple(numbered(column, look)[0].tolist()) for column in parameters.T),
        words=tuple(scale.words for scale in scales),
        parameters=parameters,
        total_return=np.array([item.total for item in figures]).reshape(shape),
        sharpe=np.array([item.sharpe for item in figures]).reshape(shape),
        max_drawdown=np.array(drawdowns).reshape(shape),
        trades=np.array([item.trades for item in figures], dtype=np.int32).reshape(shape),
        observations=tuple(unit.returns() for unit in units),
        periods_per_year=tuple(unit.per_year() for unit in units),
        years=tuple(unit.years() for unit in units),
        first=str(min(calendar(unit.bars)[0] for unit in units)),
        warm_up=warm_up,
        waited=waited,
        left_out=left_out,
        warnings=tuple(warnings),
        base=spec.base.model_dump_json(),
    )


def _about_waiting(waited: int, units: Sequence[Unit]) -> str:
    left = max(unit.returns() for unit in units) + 1
    return (
        f"The slowest combination takes {waited:,} bars of the range to warm up, which leaves {left:,} to compare all "
        "on: narrow its axis for more."
    )
