"""Summary statistics of several series side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.backtest.reports.distribution import expected_shortfall, value_at_risk
from engine.market.bars import Bars, Times
from engine.market.common_calendar import calendar
from engine.research.price_summary import PriceSummary, common_period, summarise

DEFINITIONS: Mapping[str, str] = {
    "kurtosis": "Fourth central moment of the bar returns over their squared variance, minus three: zero if normal.",
    "value_at_risk": "The return that one bar in twenty falls short of: the interpolated 5% quantile of its history.",
    "shortfall": "Mean of the bar returns at or below the value at risk.",
    "autocorrelation": "Correlation of each bar's return with that of the previous bar.",
    "missing": "Times at which others of these symbols have a bar, between its first and last, and it has no close.",
}
"""Of the statistics that ``METRICS`` does not define."""


@dataclass(frozen=True)
class SeriesStatistics:
    """Of one symbol; what needs more bars, or returns that vary, is None.

    ``first`` and ``last`` are the ISO days of the first and last close, ``bars`` counts the closes and ``missing`` the
    times of the other symbols in between without one. ``metrics`` are those of ``price_summary``. ``kurtosis`` (in
    excess) and ``skewness`` are population moments of the bar returns, ``value_at_risk`` and ``shortfall`` at 95% are
    returns, ``autocorrelation`` is that at one bar.
    """

    symbol: str
    first: str
    last: str
    bars: int
    missing: int
    metrics: Mapping[str, float | None]
    skewness: float | None = None
    kurtosis: float | None = None
    value_at_risk: float | None = None
    shortfall: float | None = None
    best: float | None = None
    worst: float | None = None
    autocorrelation: float | None = None


@lru_cache(maxsize=4)
def statistics(market: tuple[Bars, ...], common: bool) -> tuple[SeriesStatistics, ...]:
    """Of each symbol in its order, over the period that is ``common`` to all of them or over its own. Cached for the
    same bars.
    """
    parts = common_period(market) if common else market
    known = [part.slice(0, 0) if not len(part) else _priced(part) for part in parts]
    time = calendar(tuple(item for item in known if len(item))) if any(map(len, known)) else None
    return tuple(_statistics(bars, _gaps(bars, time)) for bars in known)


def _priced(bars: Bars) -> Bars:
    """The bars from the first to the last close."""
    rows = np.flatnonzero(np.isfinite(bars.close))
    return bars.slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else bars.slice(0, 0)


def _gaps(bars: Bars, time: Times | None) -> int:
    if time is None or not len(bars):
        return 0
    first, last = np.searchsorted(time, [bars.time[0], bars.time[-1]])
    return int(last - first + 1) - int(np.isfinite(bars.close).sum())


def _statistics(bars: Bars, missing: int) -> SeriesStatistics:
    symbol, count = bars.series.symbol, int(np.isfinite(bars.close).sum())
    if not count:
        return SeriesStatistics(symbol, "", "", 0, 0, {})
    days = np.datetime_as_string(bars.days[[0, -1]], unit="D")
    found = summarise(bars)
    more = _of_returns(bars, found) if found.metrics else {}
    return SeriesStatistics(symbol, str(days[0]), str(days[-1]), count, missing, found.metrics, found.skewness, **more)


def _of_returns(bars: Bars, found: PriceSummary) -> dict[str, float | None]:
    close = bars.close[np.isfinite(bars.close) & (bars.close > 0)]
    returns = close[1:] / close[:-1] - 1
    centred = returns - returns.mean()
    variance = float(np.mean(centred**2))
    varies = variance > 0
    return {
        "kurtosis": float(np.mean(centred**4)) / variance**2 - 3 if varies else None,
        "value_at_risk": value_at_risk(returns),
        "shortfall": expected_shortfall(returns),
        "best": None if found.best is None else found.best.value,
        "worst": None if found.worst is None else found.worst.value,
        "autocorrelation": float(np.sum(centred[1:] * centred[:-1])) / (len(returns) * variance) if varies else None,
    }
