"""Equity and drawdown of several runs, their portfolio and buy and hold, each as growth of 1 from its first bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.equity import POINTS, Curve, thin
from engine.backtest.metrics import drawdown
from engine.market.bars import Floats, Times

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLOURS = (*(base.SERIES[index] for index in (0, 1, 2, 3, 5)), "var(--s7)", "var(--s8)", "var(--s9)")
"""One for each of the runs that are compared."""
DASHES = ("solid", "dash")
COMBINED = (base.TEXT, "solid")
HELD = (base.SERIES[4], "solid")
"""Colour and dash of the portfolio and of buying and holding."""


Line = tuple[str, Times, Floats, float]
"""Name, time, equity, and the capital that it came from."""


@dataclass(frozen=True, eq=False)
class OverlayInfo:
    """``curves`` in the order of their colours; ``combined`` is the portfolio of them all and ``held`` buying and
    holding, if there is one.
    """

    curves: tuple[Curve, ...]
    combined: Curve | None
    held: Curve | None
    log: bool


def info(runs: Sequence[Line], combined: Line | None = None, held: Line | None = None) -> OverlayInfo:
    """What is drawn of each run; logarithmic where every equity stays above zero."""
    lines = [*runs, *(line for line in (combined, held) if line)]
    is_positive = all(bool((equity > 0).all()) for _, _, equity, _ in lines)
    portfolio, hold = (_curve(*line) if line else None for line in (combined, held))
    return OverlayInfo(tuple(_curve(*run) for run in runs), portfolio, hold, is_positive)


def style(index: int) -> tuple[str, str]:
    """Colour and dash of the run at ``index``: colours first, then the same ones dashed."""
    return COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]


def figure(info: OverlayInfo) -> go.Figure:
    """Growth above, drawdown below, on one time axis; the portfolio on top of all, holding under them."""
    drawn = [(info.held, *HELD, 1.1)] if info.held else []
    drawn += [(curve, *style(index), 1.5) for index, curve in enumerate(info.curves)]
    if info.combined is not None:
        drawn.append((info.combined, *COMBINED, 2.2))
    traces = [trace for item in drawn for trace in _traces(*item)]
    growth = np.concatenate([curve.growth for curve in (*info.curves, info.held) if curve])
    below = base.value_axis(tickformat=".0%", nticks=4, rangemode="tozero")
    return base.figure(
        traces,
        x=base.time_axis(intraday=any(base.has_hours(curve.time) for curve in info.curves)),
        y=base.growth_axis(growth, log=info.log),
        panes=[(below, 0.22)],
        keep="overlay",
    )


def _traces(curve: Curve, colour: str, dash: str, width: float) -> list[go.Scatter]:
    import plotly.graph_objects as go

    common = {"x": curve.time, "legendgroup": curve.label}
    above = {"color": colour, "width": width, "dash": dash}
    return [
        go.Scatter(**common, y=curve.growth, name=curve.label, line=above, hovertemplate="%{y:.3f}"),
        go.Scatter(
            **common, y=curve.drawdown, name=f"{curve.label} drawdown", line={**above, "width": width * 0.6},
            showlegend=False, yaxis="y2", hovertemplate="%{y:.2%}",
        ),
    ]  # fmt: skip


def _curve(label: str, time: Times, equity: Floats, capital: float) -> Curve:
    moments, below = base.times(time), drawdown(equity, capital)
    index = np.union1d(thin(moments, equity, POINTS), thin(moments, below, POINTS))
    return Curve(label, moments[index], equity[index] / capital, below[index])
