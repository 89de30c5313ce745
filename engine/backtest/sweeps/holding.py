"""Buy and hold on the bars of a sweep, to compare its combinations with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backtest.portfolio import buy_and_hold
from engine.backtest.segment import segment_metrics
from engine.backtest.simulator import combined_equity
from engine.backtest.sweeps.accounts import SweepAccount
from engine.backtest.sweeps.result import METRICS
from engine.market.bars import Floats


def holding(units: Sequence[SweepAccount]) -> Floats:
    """The ``result.METRICS`` of buying and holding the same symbols at the same costs (accounts, metrics), as a
    backtest has them beside its own; NaN where undefined.
    """
    return np.array([_held(unit) for unit in units], dtype=np.float64).reshape(len(units), len(METRICS))


def _held(unit: SweepAccount) -> list[float]:
    time, capital = unit.time(), unit.spec.capital
    if len(time) < 2:
        return [np.nan] * len(METRICS)
    runs = buy_and_hold(unit.spec, unit.bars)
    equity = combined_equity(time, capital, runs)
    found = segment_metrics(time[:0], time, equity, capital) | {"trades": float(sum(run.account.count for run in runs))}
    return [np.nan if (value := found[name]) is None else value for name in METRICS]
