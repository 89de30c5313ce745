"""Attention of a network to the bars of its window: in the mean, and at each prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats, Times
from engine.research.inspection.result import Inspection

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class AttentionInfo:
    """``weights`` (rows, window) of the bars of a window, the oldest first, at the predictions of ``time``, and their
    ``mean`` over all rows of the test. ``chosen`` is one of the rows, None for none.
    """

    weights: Floats
    time: Times
    mean: Floats
    chosen: int | None = None


def info(found: Inspection, symbol: int, chosen: float | None = None) -> AttentionInfo | None:
    """Of one symbol, ``chosen`` by the time of its bar in ms since 1970; None for a model without attention."""
    own = found.attention_symbol == symbol
    if not own.any():
        return None
    weights, time = found.attention[own], found.attention_time[own]
    place = None if chosen is None else int(np.abs(base.times(time) - chosen).argmin())
    return AttentionInfo(weights, time, found.attention_mean, place)


def over_time(info: AttentionInfo) -> go.Figure:
    """A column a prediction: how many bars back it looks."""
    import plotly.graph_objects as go

    back = -np.arange(len(info.mean))[::-1]
    cells = go.Heatmap(
        x=base.times(info.time), y=back, z=base.values(info.weights.T), colorscale=base.sequential(), showscale=False,
        xgap=0, ygap=0, zmin=0, hovertemplate="%{x|%Y-%m-%d}: %{z:.1%} on the bar %{y}<extra></extra>",
    )  # fmt: skip
    return base.figure(
        [cells],
        x=base.time_axis(intraday=base.has_hours(base.times(info.time)), showspikes=False),
        y=base.value_axis(title="Bars back", tickformat="d", nticks=6, showgrid=False),
        keep="attention",
        hover="closest",
    )


def of_bar(info: AttentionInfo) -> go.Figure:
    """The mean over all predictions, and the chosen one beside it."""
    import plotly.graph_objects as go

    back = -np.arange(len(info.mean))[::-1]
    traces: list[go.Bar | go.Scatter] = [
        go.Bar(x=back, y=info.mean, name="Mean", marker={"color": base.tint(base.MUTED, 55)}, hovertemplate="%{y:.1%}")
    ]
    if info.chosen is not None:
        day = str(info.time[info.chosen])[:16].replace("T", " ").removesuffix(" 00:00")
        traces.append(
            go.Scatter(
                x=back, y=info.weights[info.chosen], name=day, mode="lines+markers",
                line={"color": base.SERIES[0], "width": 1.8}, hovertemplate="%{y:.1%}",
            )
        )  # fmt: skip
    return base.figure(
        traces,
        x={"title": {"text": "Bars back"}, "tickformat": "d", "nticks": 6, "unifiedhovertitle": {"text": "bar %{x}"}},
        y=base.value_axis(tickformat=".0%", nticks=5, rangemode="tozero"),
        keep="attention-mean",
    )
