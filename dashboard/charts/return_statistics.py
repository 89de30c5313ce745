"""Distribution, quantiles, autocorrelation and rolling volatility of the returns of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.research.series.returns import Autocorrelation, Fitted
from engine.research.series.volatility import ESTIMATORS, RollingVolatility

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LINE_POINTS = 2_000


def histogram_figure(info: Fitted) -> go.Figure:
    """Counts of returns with the expected counts of both fitted distributions."""
    import plotly.graph_objects as go

    middle = (info.edges[1:] + info.edges[:-1]) / 2
    traces = [
        go.Bar(
            x=middle, y=info.counts, name="Returns", marker={"color": base.tint(base.SERIES[0], 55)},
            hovertemplate="%{x:.2%}: %{y:,d} returns<extra></extra>", showlegend=False,
        ),
        _line(middle, info.normal, "Normal", base.MUTED, dash="dot"),
        _line(middle, info.student, "Student's t", base.SERIES[1]),
    ]  # fmt: skip
    return base.figure(
        traces,
        x={"tickformat": "~%", "nticks": 7, "showspikes": False},
        y=base.value_axis(rangemode="tozero", nticks=5),
        keep="returns",
        hover="closest",
        bargap=0.06,
    )


def quantile_figure(expected: Floats, observed: Floats) -> go.Figure:
    """Observed standardised returns over those of a normal distribution, which would be on the line."""
    import plotly.graph_objects as go

    ends = expected[[0, -1]]
    traces = [
        go.Scatter(
            x=expected, y=observed, name="Returns", mode="markers", showlegend=False,
            marker={"size": 4, "color": base.tint(base.SERIES[0], 60)},
            hovertemplate="normal %{x:.2f}, observed %{y:.2f}<extra></extra>",
        ),
        _line(ends, ends, "Normal", base.MUTED, dash="dot"),
    ]  # fmt: skip
    return base.figure(
        traces,
        x={"title": {"text": "Normal quantile"}, "nticks": 7, "showspikes": False},
        y=base.value_axis("Observed", nticks=7),
        keep="quantiles",
        hover="closest",
        margin={**base.MARGIN, "b": 40},
    )


def autocorrelation_figure(info: Autocorrelation) -> go.Figure:
    """Bars by lag of returns and of their sizes, and the 95% band of independent returns."""
    import plotly.graph_objects as go

    lags = np.arange(1, len(info.returns) + 1)
    traces = [
        go.Bar(x=lags, y=values, name=name, marker={"color": colour}, hovertemplate="lag %{x}: %{y:.3f}")
        for name, values, colour in (
            ("Returns", info.returns, base.SERIES[0]),
            ("Absolute returns", info.sizes, base.SERIES[1]),
        )
    ]
    band = {
        "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": -info.band, "y1": info.band, "layer": "below",
        "fillcolor": base.tint(base.MUTED, 18), "line": {"width": 0},
    }  # fmt: skip
    return base.figure(
        traces,
        x={"nticks": 9, "showspikes": False},
        y=base.value_axis(tickformat=".2f", zeroline=True),
        keep="autocorrelation",
        hover="closest",
        shapes=[band],
        bargap=0.25,
    )


def volatility_figure(info: RollingVolatility) -> go.Figure:
    """A line for each estimator."""
    count = len(info.time)
    rows = np.unique(np.linspace(0, count - 1, min(count, _LINE_POINTS)).astype(int))
    time = base.times(info.time)[rows]
    traces = [
        _line(time, base.values(values[rows]), ESTIMATORS[name], base.SERIES[place], hovertemplate="%{y:.1%}")
        for place, (name, values) in enumerate(info.lines.items())
    ]
    return base.figure(
        traces,
        x=base.time_axis(intraday=base.has_hours(time)),
        y=base.value_axis(tickformat=".0%", rangemode="tozero"),
        keep="volatility",
    )


def _line(x: Any, y: Any, name: str, colour: str, *, dash: str = "solid", **options: Any) -> go.Scatter:
    import plotly.graph_objects as go

    stroke = {"color": colour, "width": 1.4, "dash": dash}
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=stroke, **{"hoverinfo": "skip", **options})
