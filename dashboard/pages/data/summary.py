"""What the closes of one series amount to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.candles import moment
from engine.backtest.metrics import drawdown, equity_metrics
from engine.market.bars import Bars, Floats, Times, periods_per_year, spans_month

SKEW = "Third central moment of the bar returns over the cube of their standard deviation; zero if symmetric."


@dataclass(frozen=True)
class Extreme:
    """The return of one bar, its time and its trading day."""

    change: float
    time: str
    day: str


@dataclass(frozen=True)
class Summary:
    """Figures of a series; those that its bars are too few for are None.

    ``figures`` are ``engine.backtest.metrics`` of the closes; ``high`` is the time of the high before the deepest
    drawdown and ``recovered`` that of the first close not below it again, None if there is none yet; ``last_day`` and
    ``high_day`` are trading days.
    """

    last: float
    last_time: str
    last_day: str
    years: float
    figures: dict[str, float | None]
    high: str | None
    high_day: str
    recovered: str | None
    skew: float | None
    best: Extreme | None
    worst: Extreme | None


def summarise(bars: Bars) -> Summary:
    """The figures of ``bars``; bars without a positive close are passed over."""
    known = np.flatnonzero(np.isfinite(bars.close) & (bars.close > 0))
    close, time = bars.close[known], bars.time[known]
    if len(known) < 3:
        last = float(close[-1]) if len(known) else float("nan")
        return Summary(last, moment(bars, -1), str(bars.days[-1]), 0.0, {}, None, "", None, None, None, None)
    returns = close[1:] / close[:-1] - 1
    high, recovered = _deepest(close)
    best, worst = int(returns.argmax()), int(returns.argmin())
    return Summary(
        last=float(close[-1]),
        last_time=moment(bars, int(known[-1])),
        last_day=str(bars.days[known[-1]]),
        years=(len(close) - 1) / periods_per_year(time),
        figures=_figures(time, close),
        high=None if high is None else moment(bars, int(known[high])),
        high_day="" if high is None else str(bars.days[known[high]]),
        recovered=None if recovered is None else moment(bars, int(known[recovered])),
        skew=_skew(returns),
        best=_extreme(bars, returns, known, best),
        worst=_extreme(bars, returns, known, worst),
    )


def common(market: tuple[Bars, ...]) -> tuple[Bars, ...]:
    """The bars of each symbol over the days that all of them have."""
    start, end = max(bars.time[0] for bars in market), min(bars.time[-1] for bars in market)
    return tuple(
        bars.part(int(np.searchsorted(bars.time, start)), int(np.searchsorted(bars.time, end, side="right")))
        for bars in market
    )


def _figures(time: Times, close: Floats) -> dict[str, float | None]:
    """``equity_metrics``, and no growth a year out of less than a month."""
    figures = equity_metrics(time, close, periods_per_year(time))
    return figures if spans_month(time) else figures | {"cagr": None}


def _extreme(bars: Bars, returns: Floats, known: NDArray[np.intp], place: int) -> Extreme:
    at = int(known[place + 1])
    return Extreme(float(returns[place]), moment(bars, at), str(bars.days[at]))


def _deepest(close: Floats) -> tuple[int | None, int | None]:
    """Index of the high before the deepest drawdown, and of the recovery."""
    under = drawdown(close, float(close[0]))
    low = int(under.argmin())
    if under[low] == 0:
        return None, None
    high = int(close[: low + 1].argmax())
    again = np.flatnonzero(close[low:] >= close[high])
    return high, low + int(again[0]) if len(again) else None


def _skew(returns: Floats) -> float | None:
    centred = returns - returns.mean()
    deviation = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean(centred**3)) / deviation**3 if deviation > 0 else None
