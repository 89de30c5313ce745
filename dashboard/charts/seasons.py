"""Trend, season and remainder of a price, and average returns by calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.charts import base
from dashboard.charts.candles import PRICE
from engine.research.series.decomposition.stl import Decomposition
from engine.research.series.seasons import LEVEL, Averages

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COUNTED = 12  # groups up to which their numbers of returns fit under their names


def decomposition_figure(info: Decomposition, *, keep: str) -> go.Figure:
    """Price and trend on a log axis, below them season and remainder as fractions of the price."""
    import plotly.graph_objects as go

    time = base.times(info.time)
    price = {"hovertemplate": f"%{{y:{PRICE}}}"}
    share = {"hovertemplate": "%{y:+.2%}"}
    traces = [
        _line(time, np.exp(info.observed), "Close", base.tint(base.SERIES[0], 60), **price),
        _line(time, np.exp(info.trend), "Trend", base.SERIES[1], width=2.0, **price),
        _line(time, np.expm1(info.seasonal), "Season", base.SERIES[2], yaxis="y2", **share),
        go.Bar(
            x=time, y=base.values(np.expm1(info.remainder)), name="Remainder", yaxis="y3",
            marker={"color": base.tint(base.MUTED, 70), "line": {"width": 0}}, **share,
        ),
    ]  # fmt: skip
    below = base.value_axis(tickformat="+~%", nticks=4, zeroline=True)
    return base.figure(
        traces,
        x=base.time_axis(intraday=base.has_hours(time)),
        y=base.growth_axis(np.exp(info.observed) / np.exp(info.observed[0]), log=True),
        panes=[(below, 0.22), (below, 0.22)],
        keep=f"decomposition {keep}",
        bargap=0.1,
    )


def averages_figure(info: Averages) -> go.Figure:
    """A bar for each group with its confidence interval, in full colour where it differs by more than chance."""
    import plotly.graph_objects as go

    differs = info.adjusted < LEVEL
    colours = [_colour(mean, bool(full)) for mean, full in zip(info.mean, differs, strict=True)]
    reach = np.nan_to_num(info.high - info.mean)
    bars = go.Bar(
        x=list(info.labels), y=base.values(info.mean), name="Average return", marker={"color": colours},
        error_y={"type": "data", "array": base.values(reach), "color": base.MUTED, "thickness": 1, "width": 3},
        text=_words(info), textposition="none", hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    names = list(info.labels)
    if len(names) <= _COUNTED:
        names = [f"{name}<br>{count:,}" for name, count in zip(names, info.count, strict=True)]
    ticks = {"tickvals": list(info.labels), "ticktext": names} if len(names) <= _COUNTED else {"nticks": 16}
    return base.figure(
        [bars],
        x={"type": "category", "showspikes": False, "fixedrange": True, **ticks},
        y=base.value_axis(tickformat="+~%", nticks=6, zeroline=True),
        keep=f"averages {info.calendar}",
        hover="closest",
        bargap=0.25,
        margin={**base.MARGIN, "l": 58, "b": 38},
    )


def _colour(mean: float, full: bool) -> str:
    token = base.GAIN if mean > 0 else base.LOSS
    return token if full else base.tint(token, 45)


def _words(info: Averages) -> list[str]:
    """What is said of each group on hover."""
    found = []
    for row, name in enumerate(info.labels):
        reach = f"{info.low[row]:+.3%} to {info.high[row]:+.3%}" if np.isfinite(info.low[row]) else "none"
        test = f"p {info.p_value[row]:.3f}, by Holm {info.adjusted[row]:.3f}" if np.isfinite(info.p_value[row]) else ""
        lines = [f"{name}: {info.mean[row]:+.3%}", f"95% interval {reach}", f"{info.count[row]:,} returns", test]
        found.append("<br>".join(line for line in lines if line).replace("-", "\N{MINUS SIGN}"))
    return found


def _line(x: Any, y: Any, name: str, colour: str, *, width: float = 1.4, **more: Any) -> go.Scatter:
    import plotly.graph_objects as go

    return go.Scatter(x=x, y=base.values(y), name=name, mode="lines", line={"color": colour, "width": width}, **more)
