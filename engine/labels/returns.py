"""Total returns over the bars ahead, which several labels are made of."""

from __future__ import annotations

import numpy as np

from engine.labels import Labels
from engine.market.bars import Bars


def forward_returns(bars: Bars, horizon: int) -> Labels:
    """The simple total return from the close of bar t to that of bar t + ``horizon``, as a fraction.

    It is computed from the adjusted close whatever prices the market shows: a split is no loss, a dividend no fall.
    With a horizon over one bar neighbours share all but one of their bars: they are not independent.
    """
    value = np.full(len(bars), np.nan)
    end = np.full(len(bars), np.datetime64("NaT"), dtype="datetime64[ms]")
    start, stop = bars.adj_close[:-horizon], bars.adj_close[horizon:]
    known = np.flatnonzero((start > 0) & (stop > 0) & np.isfinite(start + stop))
    value[known] = stop[known] / start[known] - 1
    end[known] = bars.time[known + horizon]
    return Labels(value, end)


def plural(bars: int) -> str:
    """The number of bars in words: "1 bar", "5 bars"."""
    return f"{bars} bar{'s' if bars > 1 else ''}"
