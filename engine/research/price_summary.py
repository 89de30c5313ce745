"""Summary statistics of one series: the return and risk of holding it from the first close to the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import drawdown, equity_metrics
from engine.market.bars import Bars, Floats, Times, periods_per_year, spans_month

SKEWNESS = "Third central moment of the bar returns over the cube of their standard deviation; zero if symmetric."


@dataclass(frozen=True)
class BarReturn:
    """The simple return of one bar, and its index."""

    value: float
    bar: int


@dataclass(frozen=True)
class PriceSummary:
    """Summary statistics; bars are indices, and statistics that need more bars are None, NaN or empty.

    ``close`` is the last known one. ``metrics`` are ``engine.backtest.metrics`` of the closes over ``years`` of
    calendar time; ``peak`` is the bar of the high before the maximum drawdown, and ``recovery`` that of its recovery.
    """

    close: float
    last: int
    years: float = 0.0
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    peak: int | None = None
    recovery: int | None = None
    skewness: float | None = None
    best: BarReturn | None = None
    worst: BarReturn | None = None


def summarise(bars: Bars) -> PriceSummary:
    """The statistics of ``bars``, without those that lack a positive close."""
    known = np.flatnonzero(np.isfinite(bars.close) & (bars.close > 0))
    close, time = bars.close[known], bars.time[known]
    if len(known) < 3:
        return PriceSummary(float(close[-1]) if len(known) else float("nan"), len(bars) - 1)
    returns = close[1:] / close[:-1] - 1
    peak, recovery = _deepest(close)
    return PriceSummary(
        close=float(close[-1]),
        last=int(known[-1]),
        years=(len(close) - 1) / periods_per_year(time),
        metrics=_metrics(time, close, bars.series.kind),
        peak=None if peak is None else int(known[peak]),
        recovery=None if recovery is None else int(known[recovery]),
        skewness=_skewness(returns),
        best=_bar_return(returns, known, int(returns.argmax())),
        worst=_bar_return(returns, known, int(returns.argmin())),
    )


def common_period(market: tuple[Bars, ...]) -> tuple[Bars, ...]:
    """The bars of each symbol over the common period of all."""
    start, end = max(bars.time[0] for bars in market), min(bars.time[-1] for bars in market)
    return tuple(
        bars.slice(int(np.searchsorted(bars.time, start)), int(np.searchsorted(bars.time, end, side="right")))
        for bars in market
    )


def _metrics(time: Times, close: Floats, kind: str) -> dict[str, float | None]:
    """``equity_metrics``, without the compound annual growth rate of less than a month and without the reward for risk
    of an economic series, in which nobody can invest.
    """
    found = equity_metrics(time, close, periods_per_year(time))
    left_out = (() if spans_month(time) else ("cagr",)) + (("sharpe", "sortino") if kind == "economic" else ())
    return found | dict.fromkeys(left_out)


def _bar_return(returns: Floats, known: NDArray[np.intp], place: int) -> BarReturn:
    return BarReturn(float(returns[place]), int(known[place + 1]))


def _deepest(close: Floats) -> tuple[int | None, int | None]:
    """Index of the high before the maximum drawdown, and of the recovery."""
    under = drawdown(close, float(close[0]))
    low = int(under.argmin())
    if under[low] == 0:
        return None, None
    high = int(close[: low + 1].argmax())
    again = np.flatnonzero(close[low:] >= close[high])
    return high, low + int(again[0]) if len(again) else None


def _skewness(returns: Floats) -> float | None:
    centred = returns - returns.mean()
    deviation = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean(centred**3)) / deviation**3 if deviation > 0 else None
