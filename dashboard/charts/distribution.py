"""Distribution of a run's bar returns, against a normal one of the same mean and standard deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.text.format import signed_percent
from engine.backtest.reports.distribution import Distribution, distribution
from engine.backtest.result import BacktestResult
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class DistributionInfo:
    """``middle`` of each bin, its ``width`` and its edges as returns; the counts; the three marked values."""

    middle: Floats
    width: float
    counts: Floats
    normal: Floats
    mean: float
    value_at_risk: float
    shortfall: float
    skew: float
    drawn: int
    total: int


def info(result: BacktestResult) -> DistributionInfo:
    """What is drawn of ``result``: bars that begin and end without a position are left out of the bins."""
    held = (result.exposure[1:] != 0) | (result.exposure[:-1] != 0)
    found: Distribution = distribution(result.returns(), held)
    return DistributionInfo(
        middle=(found.edges[1:] + found.edges[:-1]) / 2,
        width=float(found.edges[1] - found.edges[0]),
        counts=found.counts.astype(np.float64),
        normal=found.normal,
        mean=found.mean,
        value_at_risk=found.value_at_risk,
        shortfall=found.shortfall,
        skew=found.skew,
        drawn=found.drawn,
        total=found.total,
    )


def figure(info: DistributionInfo) -> go.Figure:
    """Bars of the counts, the normal curve over them, lines at the mean, the value at risk and the shortfall."""
    import plotly.graph_objects as go

    worse = info.middle < 0
    colours = [base.tint(base.LOSS if item else base.GAIN, 70) for item in worse]
    highest = float(max(info.counts.max(), info.normal.max()))
    traces = [
        go.Bar(
            x=info.middle, y=info.counts, width=info.width, marker={"color": colours, "line": {"width": 0}},
            name="Bars", showlegend=False, hovertemplate="%{x:.2%}: %{y:,d} bars<extra></extra>",
        ),
        go.Scatter(
            x=info.middle, y=info.normal, name="Normal", mode="lines", showlegend=False,
            line={"color": base.TEXT, "width": 1.2, "dash": "dot"}, hoverinfo="skip",
        ),
    ]  # fmt: skip
    marks = [
        _mark(info.shortfall, f"expected shortfall {signed_percent(info.shortfall)}", 1.0),
        _mark(info.value_at_risk, f"VaR 95% {signed_percent(info.value_at_risk)}", 0.93),
        _mark(info.mean, f"mean {signed_percent(info.mean)}", 0.86),
    ]
    return base.figure(
        traces,
        x={"tickformat": "~%", "nticks": 7, "showspikes": False},
        y=base.value_axis(range=[0, 1.25 * highest], nticks=5),
        keep="distribution",
        hover="closest",
        bargap=0.08,
        shapes=[shape for shape, _ in marks],
        annotations=[label for _, label in marks],
    )


def _mark(at: float, text: str, height: float) -> tuple[dict[str, object], dict[str, object]]:
    """A vertical line and the words right of its upper end: lines further to the right end below these words."""
    line = {
        "type": "line", "x0": at, "x1": at, "y0": 0, "y1": height, "yref": "paper",
        "line": {"color": base.MUTED, "width": 1},
    }  # fmt: skip
    label = {
        "x": at, "y": height, "yref": "paper", "text": text, "showarrow": False, "xanchor": "left", "yanchor": "top",
        "xshift": 4, "font": {"size": 11, "color": base.TEXT},
    }  # fmt: skip
    return line, label
