"""Returns of a strategy by market regime, and in the crises that its data cover."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns, sharpe_per_bar
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats
from engine.market.days import Days

CRISES: tuple[tuple[str, str, str], ...] = (
    ("Black Monday", "1987-08-25", "1987-12-04"),
    ("Gulf war", "1990-07-16", "1990-10-11"),
    ("Asia", "1997-10-07", "1997-10-27"),
    ("Russia and LTCM", "1998-07-17", "1998-10-08"),
    ("Dot-com", "2000-03-24", "2002-10-09"),
    ("Financial crisis", "2007-10-09", "2009-03-09"),
    ("Flash crash", "2010-04-23", "2010-07-02"),
    ("Euro crisis", "2011-07-07", "2011-10-03"),
    ("China and oil", "2015-07-20", "2016-02-11"),
    ("Volmageddon", "2018-01-26", "2018-02-08"),
    ("Late 2018", "2018-09-20", "2018-12-24"),
    ("Covid", "2020-02-19", "2020-03-23"),
    ("Inflation", "2022-01-03", "2022-10-12"),
    ("Yen carry", "2024-07-16", "2024-08-05"),
    ("Tariffs", "2025-02-19", "2025-04-08"),
)
"""Name, date of the S&P 500's highest close before the drawdown, and of its lowest close."""
MINIMUM_BARS = 5
"""Bars required of a crisis that the data cover only in part."""
TREND_DAYS, VOLATILITY_BARS = 200, 20
REGIMES = ("Bull", "Bear", "Calm", "Turbulent")


@dataclass(frozen=True, eq=False)
class Crisis:
    """Total return of the strategy and of buy and hold from one close to another (ISO dates): the ``whole`` crisis, or
    the part of it for which there are data.
    """

    name: str
    start: str
    end: str
    total: float
    benchmark: float
    whole: bool


def crises(result: BacktestResult) -> tuple[Crisis, ...]:
    """The crises that the result covers, oldest first: from the last bar up to the start of each to the last one up to
    its end. Where the data begin later or end sooner, the covered part, if that has ``MINIMUM_BARS``.
    """
    found = []
    for name, start, end in CRISES:
        first, last = (int(np.searchsorted(result.days, np.datetime64(day, "D"), "right")) - 1 for day in (start, end))
        is_covered = first >= 0 and bool(result.days[-1] >= np.datetime64(end, "D"))
        first = max(first, 0)
        if last - first < (1 if is_covered else MINIMUM_BARS) or result.equity[first] <= 0:
            continue
        days = (start, end) if is_covered else (str(result.days[first]), str(result.days[last]))
        total, benchmark = (float(values[last] / values[first]) - 1 for values in (result.equity, result.benchmark))
        found.append(Crisis(name, days[0], days[1], total, benchmark, is_covered))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Regime:
    """A market regime: its ``share`` of the bars, and on them the annualised Sharpe ratio and mean return of the
    strategy and of buy and hold. A ratio is None for constant returns.
    """

    name: str
    share: float
    sharpe: float | None
    mean: float
    benchmark_sharpe: float | None
    benchmark_mean: float


def regimes(result: BacktestResult, part: slice = slice(None)) -> tuple[Regime, ...]:
    """``REGIMES`` of the result's benchmark, without those that never occurred; of the ``part`` of its returns,
    classified from all bars before.

    Bull is above the 200-day moving average, turbulent a 20-bar volatility above its median so far; a return belongs to
    the regime known at the close before it.
    """
    own, held = result.returns(), bar_returns(result.benchmark)
    trend = trend_regime(result.benchmark, round(TREND_DAYS * bars_a_day(result.days)))[:-1]
    volatile = volatility_regime(held)
    found = []
    for name, whole in zip(REGIMES, (trend > 0, trend < 0, volatile < 0, volatile > 0), strict=True):
        mask = whole[part]
        if mask.sum() > 1:
            per_year = result.periods_per_year
            ratios = [sharpe_per_bar(values[part][mask]) for values in (own, held)]
            yearly = [None if ratio is None else ratio * float(np.sqrt(per_year)) for ratio in ratios]
            means = [float(values[part][mask].mean()) * per_year for values in (own, held)]
            found.append(Regime(name, float(mask.mean()), yearly[0], means[0], yearly[1], means[1]))
    return tuple(found)


def bars_a_day(days: Days) -> float:
    """Mean number of bars on the trading days that have any."""
    return len(days) / len(np.unique(days))


def trend_regime(prices: Floats, window: int) -> NDArray[np.int64]:
    """1 where a price is above the moving average of ``window``, -1 where not, 0 during the warm-up."""
    side = np.zeros(len(prices), dtype=np.int64)
    if len(prices) >= window:
        summed = np.concatenate(([0.0], np.cumsum(prices)))
        mean = (summed[window:] - summed[:-window]) / window
        side[window - 1 :] = np.where(prices[window - 1 :] > mean, 1, -1)
    return side


def volatility_regime(returns: Floats) -> NDArray[np.int64]:
    """1 where the 20-bar volatility before a return is above its median so far, -1 where not, 0 during the warm-up."""
    side = np.zeros(len(returns), dtype=np.int64)
    if len(returns) <= 2 * VOLATILITY_BARS:
        return side
    rolled = np.lib.stride_tricks.sliding_window_view(returns, VOLATILITY_BARS).std(axis=1, ddof=1)
    middle = _medians(rolled)
    known = np.arange(VOLATILITY_BARS - 1, len(rolled) - 1)
    side[known + VOLATILITY_BARS] = np.where(rolled[known] > middle[known], 1, -1)
    return side


def _medians(values: Floats) -> Floats:
    """Expanding median."""
    return np.frombuffer(_medians_of(values.tobytes()))


@lru_cache(maxsize=8)
def _medians_of(values: bytes) -> bytes:
    """Kept, as every part of a run is classified by all of it; so are the bytes, which nobody can change."""
    seen: list[float] = []
    found = np.empty(len(values) // 8)
    for at, value in enumerate(np.frombuffer(values).tolist()):
        insort(seen, value)
        half = len(seen) // 2
        found[at] = seen[half] if len(seen) % 2 else (seen[half - 1] + seen[half]) / 2
    return found.tobytes()
