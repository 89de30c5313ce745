"""Evaluation of combinations of parameters, in this process or distributed over several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.accounts import EvaluationBatch
from engine.backtest.sweeps.batch import evaluate_batch
from engine.backtest.sweeps.common_segment import slowest_strategy
from engine.backtest.sweeps.parts import evaluate_divided, is_divisible
from engine.backtest.sweeps.result import calmar
from engine.backtest.sweeps.rows import Places, groups
from engine.backtest.sweeps.validity import strategy_of
from engine.market.bars import Floats

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


def verify(work: EvaluationBatch, candidates: Places, count: int) -> None:
    """Compute the best ``count`` of the combinations ``candidates`` again, by each metric, in float64 on the CPU: what
    is shown first holds, and in its order.
    """
    total, sharpe, drawdown, _ = work.metrics.whole()
    figures = [total, sharpe]
    if len(drawdown):
        figures += [drawdown, calmar(total, drawdown, work.unit.years())]
    best = [_best(figure, candidates, count) for figure in figures]
    evaluate_batch(replace(work, accelerator=None, step=lambda _: work.step(0)), np.unique(np.concatenate(best)))


def _best(figure: Floats, candidates: Places, count: int) -> Places:
    known = candidates[~np.isnan(figure[candidates])]
    return known[np.argsort(-figure[known], kind="stable")[:count]]


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
