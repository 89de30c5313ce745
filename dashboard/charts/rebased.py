"""Closes of several symbols as lines rebased to 100 at their first common bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.candles import PRICE, moment
from dashboard.charts.equity import thin
from engine.core.errors import DataError
from engine.market.bars import Bars, Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

_POINTS = 15_000  # of all lines together


@dataclass(frozen=True, eq=False)
class Rebased:
    """Closes of one symbol, 100 at the first: ``time`` float64 milliseconds; ``change`` from first to last."""

    label: str
    time: Floats
    value: Floats
    change: float


@dataclass(frozen=True, eq=False)
class CompareInfo:
    """``lines`` in the order of the symbols, from ``first``, the first time that every symbol has reached, on."""

    lines: tuple[Rebased, ...]
    first: str
    log: bool


def compare_info(market: Sequence[Bars], *, log: bool = False) -> CompareInfo:
    """Growth of each symbol from the first time that all of them have. Raises ``DataError`` where there is none."""
    start = max(bars.time[0] for bars in market)
    for bars in market:
        if bars.time[-1] <= start:
            raise DataError(
                f"{bars.series.symbol} ends on {moment(bars, -1)}, before another symbol begins: there is no common "
                "range to compare."
            )
    parts = [bars.slice(int(np.searchsorted(bars.time, start)), len(bars)) for bars in market]
    points = max(_POINTS // len(parts), 300)
    return CompareInfo(tuple(_rebased(bars, points) for bars in parts), moment(parts[0], 0), log)


def compare_figure(info: CompareInfo) -> go.Figure:
    """One line per symbol."""
    import plotly.graph_objects as go

    traces = [
        go.Scatter(x=line.time, y=base.values(line.value), name=line.label, hovertemplate="%{y:,.1f}")
        for line in info.lines
    ]
    keep = " ".join(line.label for line in info.lines)
    return base.figure(traces, x=base.time_axis(), y=base.value_axis(tickformat=PRICE, log=info.log), keep=keep)


def _rebased(bars: Bars, points: int) -> Rebased:
    known = np.isfinite(bars.close)
    time, close = base.times(bars.time)[known], bars.close[known]
    index = thin(time, close, points)
    return Rebased(bars.series.symbol, time[index], 100 * close[index] / close[0], float(close[-1] / close[0] - 1))
