"""Executor of sweeps, with progress and cancellation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.backtest.assemble import about_shares
from engine.backtest.look_ahead_guard import require_causal_sweep
from engine.backtest.portfolio import require_addable
from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.accounts import EvaluationBatch, MetricArrays, SweepAccount, sweep_accounts
from engine.backtest.sweeps.common_segment import common_warm_up
from engine.backtest.sweeps.device import accelerator
from engine.backtest.sweeps.evaluation import evaluate, verify
from engine.backtest.sweeps.holding import holding
from engine.backtest.sweeps.result import SweepResult, trial_of
from engine.backtest.sweeps.rows import CheckCancelled, Places, never_cancelled, unique_inverse
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.stress import base_costs, cost_axes, one_per_choice
from engine.backtest.sweeps.sweep_progress import SweepProgress
from engine.backtest.sweeps.tuning import search
from engine.backtest.sweeps.validity import valid
from engine.core.axes import ResolvedAxis
from engine.core.errors import SpecError
from engine.core.progress import Progress, counting
from engine.core.store import Trial
from engine.features.device import Choice
from engine.jobs.executors import computes
from engine.market.bars import Floats
from engine.market.catalog import require_tradeable
from engine.market.common_calendar import calendar, common_days, zones_of


@computes(SweepSpec)
def compute(spec: SweepSpec, inputs: Mapping[str, Any], progress: Progress) -> SweepResult:
    """Metrics of all combinations. Raises ``StrategyError`` where the strategy uses the future."""
    require_causal_sweep(spec, inputs)
    result = run_sweep(spec, inputs, progress)
    return replace(result, holding=holding(sweep_accounts(spec.base, inputs, result.warm_up)))


def run_sweep(
    spec: SweepSpec,
    inputs: Mapping[str, Any],
    progress: Progress,
    start: np.datetime64 | None = None,
    choice: Choice | None = None,
) -> SweepResult:
    """The result of ``spec``. Raises ``NotTradeable``, ``DataError`` or ``SpecError`` as a backtest of a combination
    would: where one symbol cannot be traded, the request cannot.

    All combinations are measured on the same bars: from the first on which each of them can trade, or from ``start``.
    Accounts are followed by the device of ``choice``, or of the request.
    """
    scales, known = spec.scales(), inputs["market"].bars
    require_tradeable(inputs["market"])
    require_addable(spec.base, known)

    def check_cancelled() -> None:
        progress(0.0, "Enumerating the combinations")

    def prepare(parameters: Floats | None) -> tuple[int, list[SweepAccount]]:
        warm_up = 0 if start is not None else common_warm_up(spec.base, scales, parameters, known, check_cancelled)
        return warm_up, sweep_accounts(spec.base, inputs, warm_up, start)

    if spec.sample == "tpe":
        warm_up, units = prepare(None)
        shown: list[MetricArrays] = []
        with counting(progress, lambda: _trial_so_far(units[0], shown)):
            parameters, metrics, left_out, warnings = search(spec, scales, units, inputs, progress, shown)
        return _result(spec, scales, units, warm_up, parameters, metrics, left_out, warnings)

    parameters, left_out = combinations(spec, scales, check_cancelled)
    warm_up, units = prepare(parameters)
    axes = [axis.path for axis in spec.axes]
    places = _trials(spec, axes, parameters, check_cancelled)
    hidden = ["", "", *axes[2:]]  # the preview has two axes: costs that it does not show stay those of the base
    seen = _trials(spec, hidden[: len(axes)], parameters, check_cancelled) if cost_axes(hidden) else None
    metrics = MetricArrays.empty(len(units), len(parameters), spec.drawdown)
    watch = SweepProgress(progress, scales, parameters, metrics.sharpe[0], seen)
    choice = choice or spec.choice()
    device = accelerator(choice.device) if choice.device else None
    with counting(progress, lambda: _trial_so_far(units[0], [metrics], places)):
        watch.step(0)
        work = EvaluationBatch(units, scales, parameters, metrics, inputs, watch.step, device)
        warnings = evaluate(work)
        if device is not None and device.followed and not device.is_exact:
            verify(work, places, device.verified)
    found = _result(spec, scales, units, warm_up, parameters, metrics, left_out, warnings, lambda: watch.step(0))
    return found if device is None else replace(found, computed=device.explanation(choice.reason))


def _trial_so_far(account: SweepAccount, found: Sequence[MetricArrays], places: Places | slice = slice(None)) -> Trial:
    """The combinations at ``places`` that have been evaluated by now, whose total return is not NaN."""
    total, sharpe = (
        np.concatenate([np.empty(0), *(getattr(item, name)[0, places] for item in found)])
        for name in ("total", "sharpe")
    )
    count = int(np.count_nonzero(~np.isnan(total)))
    return trial_of(account.spec.strategy.kind, sharpe, count, account.per_year(), account.returns())


def _trials(spec: SweepSpec, axes: Sequence[str], parameters: Floats, check_cancelled: CheckCancelled) -> Places:
    """Indices of the trials: one combination for all costs among ``axes``, at those of the base."""
    return one_per_choice(parameters, axes, base_costs(spec.base.model_dump(mode="json"), axes), check_cancelled)


def combinations(
    spec: SweepSpec, scales: Sequence[ResolvedAxis], check_cancelled: CheckCancelled = never_cancelled
) -> tuple[Floats, int]:
    """The valid combinations of ``spec``, and the number of invalid ones. Raises ``SpecError`` where none is valid."""
    if spec.sample != "grid":
        return sampling.drawn(scales, spec.base, spec.sample, spec.count, spec.seed, check_cancelled)
    every = sampling.grid(scales, check_cancelled)
    fine = valid(scales, spec.base, every, check_cancelled)
    if not fine.any():
        raise SpecError([("axes", "No combination is valid: change the ranges of the axes.")])
    if fine.all():
        return every, 0
    check_cancelled()
    return every[fine], int(np.count_nonzero(~fine))


def _result(
    spec: SweepSpec,
    scales: Sequence[ResolvedAxis],
    units: Sequence[SweepAccount],
    warm_up: int,
    parameters: Floats,
    metrics: MetricArrays,
    left_out: int,
    warnings: Sequence[str],
    check_cancelled: CheckCancelled = never_cancelled,
) -> SweepResult:
    total, sharpe, drawdown, trades = metrics.arrays()
    account, warm_up_in_range = units[0], units[0].bars.warm_up_in_range()
    if warm_up_in_range > account.returns():
        warnings = [*warnings, _warm_up_warning(warm_up_in_range, account)]
    return SweepResult(
        label=spec.base.label(),
        family=spec.base.strategy.kind,
        symbols=spec.base.market.symbols,
        zones=zones_of(account.bars),
        objective=spec.objective,
        axes=tuple(scale.path for scale in scales),
        titles=tuple(scale.title for scale in scales),
        units=tuple(scale.unit for scale in scales),
        whole=tuple(scale.whole for scale in scales),
        values=tuple(tuple(unique_inverse(column, check_cancelled)[0].tolist()) for column in parameters.T),
        words=tuple(scale.words for scale in scales),
        parameters=parameters,
        total_return=total,
        sharpe=sharpe,
        max_drawdown=drawdown if metrics.has_drawdown else np.full(sharpe.shape, np.nan),
        trades=trades,
        observations=tuple(unit.returns() for unit in units),
        periods_per_year=tuple(unit.per_year() for unit in units),
        years=tuple(unit.years() for unit in units),
        first=str(account.time()[0]),
        first_day=str(_first_day(account)),
        warm_up=warm_up,
        warm_up_in_range=warm_up_in_range,
        left_out=left_out,
        warnings=(*warnings, *about_shares(spec.base, account.bars), *_about_quality(account)),
        base=spec.base.model_dump_json(),
    )


def _about_quality(account: SweepAccount) -> tuple[str, ...]:
    return tuple(text for item in account.bars for text in item.caveats)


def _warm_up_warning(warm_up_in_range: int, account: SweepAccount) -> str:
    return (
        f"The slowest combination takes {warm_up_in_range:,} bars of the range to warm up, which leaves "
        f"{account.returns() + 1:,} to compare all combinations: narrow its axis for more."
    )


def _first_day(account: SweepAccount) -> np.datetime64:
    """The trading day of the first measured bar."""
    known = account.bars.known
    day: np.datetime64 = common_days(known)[np.searchsorted(calendar(known), account.time()[0])]
    return day
