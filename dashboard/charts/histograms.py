"""Trades counted by how long they were held and by what they returned, winners and losers apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

BINS = 32
_OUTER = 0.01  # on each side, in the outermost bins: a few extremes would leave all others in one


@dataclass(frozen=True, eq=False)
class HistogramInfo:
    """``edges`` bound the bins; ``won`` and ``lost`` count the trades in each, one fewer than edges. The outermost
    bins hold what lies beyond them as well. ``middle`` is the median.
    """

    edges: Floats
    won: Floats
    lost: Floats
    middle: float


def holding_info(result: BacktestResult) -> HistogramInfo:
    """Trades by the bars from entry to exit, in bins of whole bars; one trade at least."""
    bars = result.trade_bars
    last = int(np.quantile(bars, 1 - _OUTER, method="higher"))
    first = int(bars.min())
    width = max(-(-(last + 1 - first) // BINS), 1)
    edges = np.arange(first, last + 1 + width, width, dtype=np.float64) - 0.5
    return _counted(result, bars.astype(np.float64), edges)


def profit_info(result: BacktestResult) -> HistogramInfo:
    """Trades by return, in bins that part at zero; one trade at least."""
    returns = result.trade_return
    low, high = np.quantile(returns, (_OUTER, 1 - _OUTER))
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    width = _nice_width((high - low) / BINS or 0.01)
    edges = width * np.arange(np.floor(low / width), np.ceil(high / width) + 1)
    if len(edges) < 2:
        edges = np.array([-width, 0.0, width])
    return _counted(result, returns, edges)


def holding_figure(info: HistogramInfo) -> go.Figure:
    return _figure(info, ",.0f", "bars", keep="holding")


def profit_figure(info: HistogramInfo) -> go.Figure:
    return _figure(info, ".2~%", "", keep="profits")


def _counted(result: BacktestResult, values: Floats, edges: Floats) -> HistogramInfo:
    won, inside = result.trade_pnl > 0, np.clip(values, edges[0], edges[-1])
    counts = [np.histogram(inside[part], edges)[0].astype(np.float64) for part in (won, ~won)]
    return HistogramInfo(edges, counts[0], counts[1], float(np.median(values)))


def _nice_width(width: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9)))


def _figure(info: HistogramInfo, number: str, unit: str, *, keep: str) -> go.Figure:
    import plotly.graph_objects as go

    middle, width = (info.edges[1:] + info.edges[:-1]) / 2, float(info.edges[1] - info.edges[0])
    bounds = np.stack((info.edges[:-1], info.edges[1:]), axis=1)
    ticks = {"dtick": 1} if (info.won + info.lost).max(initial=0.0) < 6 else {"nticks": 5}
    hover = f"%{{customdata[0]:{number}}} to %{{customdata[1]:{number}}} {unit}<br>%{{y:.0f}} "
    traces = [
        go.Bar(
            x=middle, y=counts, width=width, name=name, showlegend=False, customdata=bounds,
            hovertemplate=hover + name.lower(), marker={"color": base.tint(colour, 75), "line": {"width": 0}},
        )
        for counts, colour, name in ((info.won, base.GAIN, "Winners"), (info.lost, base.LOSS, "Losers"))
    ]  # fmt: skip
    return base.figure(
        traces,
        x={"tickformat": number if unit else ".2~%", "nticks": 8, "showspikes": False},
        y=base.value_axis(rangemode="tozero", tickformat="d", **ticks),
        keep=keep,
        hover="closest",
        barmode="stack",
        bargap=0.08,
    )
