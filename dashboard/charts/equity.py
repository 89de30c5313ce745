"""Equity and drawdown of one or several runs, and of buy and hold of the same symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.backtest.metrics import drawdown
from engine.backtest.reports.drawdowns import deepest
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats, Times

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 1_000  # a page has about as many pixels for them


@dataclass(frozen=True, eq=False)
class Curve:
    """One line: ``time`` float64 ms since 1970, ``growth`` of 1 at the start, ``drawdown`` <= 0."""

    label: str
    time: Floats
    growth: Floats
    drawdown: Floats


@dataclass(frozen=True, eq=False)
class EquityInfo:
    """``curves`` in the order of their colours; ``benchmark`` is buy and hold of the first run's symbols;
    ``costless`` is a single run without any cost; ``spells`` are drawdowns of the first run, from their high to their
    recovery.
    """

    curves: tuple[Curve, ...]
    benchmark: Curve
    log: bool
    costless: Curve | None = None
    spells: tuple[tuple[float, float], ...] = ()


def info(
    results: Sequence[BacktestResult], log: bool = True, held: str = "Buy and hold", marked: int = 0
) -> EquityInfo:
    """What is drawn for ``results``, the first of which is the run on the page, whose benchmark is called ``held``;
    ``marked`` of its deepest drawdowns are shaded.
    """
    first = results[0]
    labels = [item.label for item in results]
    names = [
        f"{label} ({labels[:i].count(label) + 1})" if labels.count(label) > 1 else label
        for i, label in enumerate(labels)
    ]
    curves = tuple(
        _curve(name, item.time, item.equity, item.capital) for name, item in zip(names, results, strict=True)
    )
    ghost = _curve("Before costs", first.time, first.costless, first.capital) if len(results) == 1 else None
    benchmark = _curve(held, first.time, first.benchmark, first.capital)
    found = deepest(first.time, first.equity, first.capital, marked) if marked else ()
    ends = [base.times(np.array([item.start, first.time[-1] if item.end is None else item.end])) for item in found]
    return EquityInfo(curves, benchmark, log, ghost, tuple((float(start), float(end)) for start, end in ends))


def figure(info: EquityInfo) -> go.Figure:
    """Growth above, drawdown below, on one time axis."""
    import plotly.graph_objects as go

    traces: list[go.Scatter] = [_ghost(info.costless)] if info.costless else []
    lines = [(info.benchmark, base.SERIES[4], 1.2)]
    lines += [(curve, base.SERIES[i % 4], 1.8 if i == 0 else 1.4) for i, curve in enumerate(info.curves)]
    for curve, colour, width in lines:
        line = {"color": colour, "width": width}
        traces.append(
            go.Scatter(
                x=curve.time, y=curve.growth, name=curve.label, line=line, legendgroup=curve.label,
                hovertemplate="%{y:.3f}",
            )
        )  # fmt: skip
        filled = curve is info.curves[0]
        traces.append(
            go.Scatter(
                x=curve.time, y=curve.drawdown, name=f"{curve.label} drawdown", line={"color": colour, "width": 1},
                legendgroup=curve.label, showlegend=False, yaxis="y2", fill="tozeroy" if filled else None,
                fillcolor=base.tint(colour, 14) if filled else None, hovertemplate="%{y:.2%}",
            )
        )  # fmt: skip
    drawdowns = base.value_axis(tickformat=".0%", nticks=4, rangemode="tozero")
    return base.figure(
        traces,
        x=base.time_axis(intraday=any(base.has_hours(curve.time) for curve in info.curves)),
        y=base.growth_axis(_growth(info), log=info.log),
        panes=[(drawdowns, 0.22)],
        keep=revision(info.curves[0].time),
        shapes=[base.spell(start, end) for start, end in info.spells],
    )


def revision(time: Floats) -> str:
    """Names the range of a run, in ms since 1970: a zoom, and what was brushed, end where another one begins."""
    return f"equity {time[0]:.0f} {time[-1]:.0f}"


def _ghost(curve: Curve) -> go.Scatter:
    """A faint line behind the others."""
    import plotly.graph_objects as go

    line = {"color": base.MUTED, "width": 1, "dash": "dot"}
    return go.Scatter(x=curve.time, y=curve.growth, name=curve.label, line=line, opacity=0.75, hovertemplate="%{y:.3f}")


def thin(time: Floats, values: Floats, limit: int = 3_000) -> np.ndarray:
    """Indices of at most ``limit`` + 2 points that keep the first, the last and every bucket's lowest and highest."""
    n = len(time)
    if n <= limit:
        return np.arange(n)
    edges = np.linspace(0, n, limit // 2 + 1).astype(int)[:-1]
    sizes = np.diff(edges, append=n)
    # Each bucket is a row; what a shorter one lacks is its last point again.
    places = np.minimum(edges[:, None] + np.arange(sizes.max()), (edges + sizes - 1)[:, None])
    found = np.where(np.isnan(values), np.inf, values)[places]
    each = np.arange(len(edges))
    lowest = places[each, found.argmin(axis=1)]
    highest = places[each, found.shape[1] - 1 - found[:, ::-1].argmax(axis=1)]
    return np.unique(np.concatenate(([0, n - 1], lowest, highest)))


def _curve(label: str, time: Times, equity: Floats, capital: float) -> Curve:
    moments, below = base.times(time), drawdown(equity, capital)
    index = np.union1d(thin(moments, equity, POINTS), thin(moments, below, POINTS))
    return Curve(label, moments[index], equity[index] / capital, below[index])


def _growth(info: EquityInfo) -> Floats:
    return np.concatenate([curve.growth for curve in (*info.curves, info.benchmark)])
