"""The first of two barriers that the price touches after a bar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.labels import Labels
from engine.labels.volatility import total_return_prices
from engine.market.bars import Bars, Floats

DOWN, NEITHER, UP = 0.0, 1.0, 2.0


def first_touched(bars: Bars, above: Floats, below: Floats, horizon: int, is_short: NDArray[np.bool_]) -> Labels:
    """Which barrier of each bar, prices in the unit of ``adj_close``, the bars after it touch first: ``UP``, ``DOWN``
    or, within ``horizon`` bars, ``NEITHER``. NaN where there is no barrier, or the bars that decide are missing.

    Barriers are watched at highs and lows where there are any. A bar that opens beyond one touched that one; one that
    touches both after its open counts against the position: as a fall, where ``is_short`` as a rise.
    """
    close = total_return_prices(bars)
    with np.errstate(divide="ignore", invalid="ignore"):  # a close of zero, which is no price
        scale = close / bars.close
    open, high, low = bars.open * scale, np.fmax(bars.high * scale, close), np.fmin(bars.low * scale, close)
    value, end = np.full(len(bars), np.nan), np.full(len(bars), np.datetime64("NaT"), dtype="datetime64[ms]")
    waiting = np.flatnonzero(np.isfinite(above))
    for ahead in range(1, horizon + 1):
        waiting = waiting[waiting < len(bars) - ahead]
        waiting = waiting[np.isfinite(close[waiting + ahead])]
        at = waiting + ahead
        falls, rises = low[at] <= below[waiting], high[at] >= above[waiting]
        begins_above, begins_below = open[at] >= above[waiting], open[at] <= below[waiting]
        is_rise = np.where(is_short[waiting], rises & ~begins_below, ~falls | begins_above)
        touched = falls | rises
        value[waiting[touched]], end[waiting[touched]] = np.where(is_rise, UP, DOWN)[touched], bars.time[at[touched]]
        waiting = waiting[~touched]
    value[waiting], end[waiting] = NEITHER, bars.time[waiting + horizon]
    return Labels(value, end)
