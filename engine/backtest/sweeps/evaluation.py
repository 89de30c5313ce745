"""Evaluation of combinations of parameters, in this process or divided among several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.accounts import EvaluationBatch
from engine.backtest.sweeps.batch import fill_in
from engine.backtest.sweeps.common_segment import highest
from engine.backtest.sweeps.parts import divided, is_divisible
from engine.backtest.sweeps.rows import groups

_PARSED = 1_000  # specs made between two looks


def evaluate(work: EvaluationBatch) -> list[str]:
    """Find the figures of all combinations. Returns warnings. Sharpe ratios are annualised.

    Raises ``DataError`` where a symbol cannot be traded, as the run of any of them would.
    """
    short = _too_short(work)
    places = np.flatnonzero(~short)
    way = divided if is_divisible(work.unit, places) else fill_in
    way(work, places)
    count = int(np.count_nonzero(short))
    if count == 0:
        return []
    work.step(count)
    shortest = min(work.unit.known, key=len).series.symbol
    return [f"{shortest} has too few bars to warm up {count:,} of {len(short):,} combinations."]


def _too_short(work: EvaluationBatch) -> NDArray[np.bool_]:
    """Combinations whose strategy needs more bars than there are."""
    strategy, axes, count = work.unit.spec.strategy, work.inner(), len(work.parameters)
    room = work.unit.bars.room()
    if not axes:
        return np.full(count, strategy.warm_up() > room)
    inner = [work.scales[axis] for axis in axes]
    slowest = highest(strategy, inner, work.parameters[:, axes].max(axis=0))
    short = np.zeros(count, dtype=bool)
    if slowest is not None and slowest.warm_up() <= room:
        return short
    for number, (row, places) in enumerate(groups(work.parameters, axes, look=work.look)):
        if not number % _PARSED:
            work.look()
        short[places] = sampling.strategy_of(strategy, inner, row).warm_up() > room
    return short
