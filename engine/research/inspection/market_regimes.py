"""The regime that the market of a model was in at each of its predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats, Market, Times
from engine.models.breakdown import Group, groups
from engine.models.result import ModelResult
from engine.research.regimes import REGIMES, TREND_DAYS, bars_a_day, trend_regime, volatility_regime


def by_regime(result: ModelResult, market: Market, horizon: int, seed: int = 0) -> tuple[Group, ...]:
    """``REGIMES`` of an equally weighted index of the model's symbols, without those that never occurred.

    Each row belongs to those known at its own close: bull above the 200-day moving average, turbulent where the 20-bar
    volatility is above its median so far. A row is in a regime of the trend and in one of the volatility.
    """
    times, level, returns = index(market)
    trend = trend_regime(level, round(TREND_DAYS * bars_a_day(times.astype("datetime64[D]"))))
    volatile = volatility_regime(np.append(returns, 0.0))  # what is known at a close is said of the return after it
    _, mask = result.scored()
    at = np.searchsorted(times, result.time[mask])
    sides: tuple[tuple[NDArray[np.int64], int], ...] = ((trend, 1), (trend, -1), (volatile, -1), (volatile, 1))
    found = list[Group]()
    for name, (side, sign) in zip(REGIMES, sides, strict=True):
        key = (side[at] == sign).astype(np.int64)
        if key.any():
            found += groups(result, key, {1: name}, horizon, seed)
    return tuple(found)


def index(market: Market) -> tuple[Times, Floats, Floats]:
    """Times of all bars, an index of 1 at the first that rises by the mean return of the symbols that have one, and
    these returns, one fewer.
    """
    times = np.unique(np.concatenate([bars.time for bars in market.bars]))
    total, count = np.zeros(len(times)), np.zeros(len(times))
    for bars in market.bars:
        at = np.searchsorted(times, bars.time[1:])
        change = bars.adj_close[1:] / bars.adj_close[:-1] - 1
        known = np.isfinite(change)
        total[at[known]] += change[known]
        count[at[known]] += 1
    returns = np.divide(total, count, out=np.zeros(len(times)), where=count > 0)[1:]
    return times, np.concatenate([[1.0], np.cumprod(1 + returns)]), returns
