"""Executor of the overfitting tests of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.decisions import decide
from engine.backtest.measured import measured
from engine.backtest.metrics import bar_returns
from engine.backtest.portfolio import buy_and_hold
from engine.backtest.simulator import combined_equity, simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import SweepResult
from engine.core.errors import DataError
from engine.core.field_paths import changed
from engine.core.progress import Progress, section
from engine.jobs.executors import computes
from engine.market.bars import Floats, periods_per_year
from engine.research.overfitting import cscv
from engine.research.reality import superior_ability
from engine.research.sweep_overfitting.result import SweepOverfitting
from engine.research.sweep_overfitting.spec import OverfittingSpec


@computes(OverfittingSpec)
def compute(spec: OverfittingSpec, inputs: Mapping[str, Any], progress: Progress) -> SweepOverfitting:
    """The overfitting tests. Raises ``DataError`` for a sweep without a choice."""
    sweep: SweepResult = inputs["sweep"]
    if reason := sweep.no_choice():
        raise DataError(f"Nothing was selected here that could be overfitted. {reason}")
    choices = np.flatnonzero(sweep.choosable)
    chosen = choices[sampled(len(choices), spec.columns, spec.seed)]
    returns, hold, per_year = _returns(spec.sweep.base, sweep, chosen, inputs, section(progress, 0.0, 0.7))
    progress(0.7, "Choosing on every half of the blocks")
    found = cscv(returns, per_year, spec.blocks)
    nothing = np.zeros(len(hold))
    zero = superior_ability(returns, nothing, spec.samples, spec.seed, section(progress, 0.75, 0.87))
    held = superior_ability(returns, hold, spec.samples, spec.seed, section(progress, 0.87, 1.0))
    return SweepOverfitting(
        label=spec.label(),
        family=sweep.family,
        combinations=chosen,
        whole=len(choices),
        logit=found.logit,
        in_sample=found.in_sample,
        out_of_sample=found.out_of_sample,
        columns=found.columns,
        blocks=found.blocks,
        probability=found.probability,
        slope=found.slope,
        intercept=found.intercept,
        loss=found.loss,
        spa_zero=zero.consistent,
        spa_hold=held.consistent,
        superior=chosen[np.array(held.superior, dtype=np.int64)],
    )


def sampled(count: int, limit: int, seed: int) -> NDArray[np.int64]:
    """Indices of at most ``limit`` of ``count`` combinations, ascending, drawn independently of their results."""
    if count <= limit:
        return np.arange(count, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(count, limit, replace=False)).astype(np.int64)


def _returns(
    base: BacktestSpec, sweep: SweepResult, chosen: NDArray[np.int64], inputs: Mapping[str, Any], progress: Progress
) -> tuple[Floats, Floats, float]:
    """Bar returns (bars, combinations), those of buy and hold, and bars per year."""
    bars = measured(base, inputs["market"].bars, sweep.warm_up, inputs)
    time = bars.time
    columns = []
    for count, place in enumerate(chosen.tolist()):
        progress(count / len(chosen), f"Returns of {count:,} of {len(chosen):,} combinations")
        spec = changed(base, sweep.settings(place))
        accounts = simulate_accounts(spec, bars, decide(spec, bars, inputs), record_trades=False)
        columns.append(bar_returns(combined_equity(time, spec.capital, accounts)))
    hold = bar_returns(combined_equity(time, base.capital, buy_and_hold(base, bars)))
    return np.column_stack(columns), hold, periods_per_year(time)
