"""Rolling volatility of a series by four estimators, annualised by the root of the bars in a calendar year.

Sources: Parkinson (1980); Garman and Klass (1980), without drift; Yang and Zhang (2000), which counts the gap between
close and open and does not depend on drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.backtest.reports import rolling
from engine.core.errors import DataError
from engine.market.bars import Bars, Floats, Times

ESTIMATORS: Mapping[str, str] = MappingProxyType(
    {
        "close": "Close to close",
        "parkinson": "Parkinson",
        "garman_klass": "Garman-Klass",
        "yang_zhang": "Yang-Zhang",
    }
)
"""Titles by name."""


@dataclass(frozen=True, eq=False)
class RollingVolatility:
    """``lines`` by estimator, float64 as long as ``time``, NaN until the window is full; a close-only series, or one
    with prices that are missing or not positive, has the first alone.
    """

    time: Times
    lines: Mapping[str, Floats]


def rolling_volatility(bars: Bars, window: int) -> RollingVolatility:
    """The volatility over each ``window`` of bars. Raises ``DataError`` where there are fewer, or less than a month."""
    priced = np.isfinite(bars.close) & (bars.close > 0)
    time, per_year = bars.time[priced], bars.periods_per_year_or_nan()
    if len(time) <= window or np.isnan(per_year):
        raise DataError(
            f"{bars.series.symbol} has {len(time)} positive closes in this range: rolling volatility needs more than "
            f"{window} of them, over a month or longer."
        )
    variance = _variances(bars, priced, window)
    lines = {name: np.sqrt(np.maximum(found, 0.0) * per_year) for name, found in variance.items()}
    return RollingVolatility(time, MappingProxyType(lines))


def _variances(bars: Bars, priced: NDArray[np.bool_], window: int) -> dict[str, Floats]:
    """Variances per bar."""
    close = np.log(bars.close[priced])
    found = {"close": _variance(np.diff(close, prepend=close[0]), window)}
    if bars.series.has_ohlc:
        open, high, low = (values[priced] for values in (bars.open, bars.high, bars.low))
        if min(open.min(), high.min(), low.min()) > 0:  # False for NaN too
            found |= _of_ranges(np.log(open), np.log(high), np.log(low), close, window)
    for values in found.values():
        values[:window] = np.nan  # the first return is no return
    return found


def _of_ranges(open: Floats, high: Floats, low: Floats, close: Floats, window: int) -> dict[str, Floats]:
    up, down, body, gap = high - open, low - open, close - open, np.append(0.0, open[1:] - close[:-1])
    squared_range = (high - low) ** 2
    share = 0.34 / (1.34 + (window + 1) / (window - 1))
    rogers_satchell = _mean(up * (up - body) + down * (down - body), window)
    return {
        "parkinson": _mean(squared_range, window) / (4 * np.log(2)),
        "garman_klass": _mean(0.5 * squared_range - (2 * np.log(2) - 1) * body**2, window),
        "yang_zhang": _variance(gap, window) + share * _variance(body, window) + (1 - share) * rogers_satchell,
    }


def _variance(values: Floats, window: int) -> Floats:
    return rolling.deviation(values, window) ** 2


def _mean(values: Floats, window: int) -> Floats:
    total = np.cumsum(np.insert(values, 0, 0.0))
    return np.append(np.full(window - 1, np.nan), (total[window:] - total[:-window]) / window)
