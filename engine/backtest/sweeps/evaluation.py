"""Evaluation of combinations of parameters, in this process or distributed over several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.accounts import EvaluationBatch
from engine.backtest.sweeps.batch import evaluate_batch
from engine.backtest.sweeps.common_segment import slowest_strategy
from engine.backtest.sweeps.parts import evaluate_divided, is_divisible
from engine.backtest.sweeps.rows import groups
from engine.backtest.sweeps.validity import strategy_of

_PARSED = 1_000  # specs parsed between two checks for cancellation


def evaluate(work: EvaluationBatch) -> list[str]:
    """Compute the metrics of all combinations and return warnings. Sharpe ratios are annualised.

    Raises ``DataError`` where a symbol cannot be traded, as a backtest of any combination would.
    """
    short = _lacking_bars(work)
    places = np.flatnonzero(~short)
    evaluate_them = evaluate_divided if is_divisible(work, places) else evaluate_batch
    evaluate_them(work, places)
    count = int(np.count_nonzero(short))
    if count == 0:
        return []
    work.step(count)
    shortest = min(work.unit.known, key=len).series.symbol
    return [f"{shortest} has too few bars to warm up {count:,} of {len(short):,} combinations."]


def _lacking_bars(work: EvaluationBatch) -> NDArray[np.bool_]:
    """Mask of the combinations whose warm-up exceeds the available bars."""
    strategy, axes, count = work.unit.spec.strategy, work.strategy_axes(), len(work.parameters)
    limit = work.unit.bars.longest_warm_up()
    if not axes:
        return np.full(count, strategy.warm_up() > limit)
    inner = [work.scales[axis] for axis in axes]
    slowest = slowest_strategy(strategy, inner, work.parameters[:, axes].max(axis=0))
    short = np.zeros(count, dtype=bool)
    if slowest is not None and slowest.warm_up() <= limit:
        return short
    for number, (row, places) in enumerate(groups(work.parameters, axes, check_cancelled=work.check_cancelled)):
        if not number % _PARSED:
            work.check_cancelled()
        short[places] = strategy_of(strategy, inner, row).warm_up() > limit
    return short
