"""The hit rate of a challenger less that of its champion, with the confidence sequence that decides between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.research.service.comparison.result import ComparisonResult

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class ChallengeInfo:
    """At each ``time`` (float64 ms since 1970): the ``mean`` difference so far and the ends of its interval;
    ``decided`` is the time from which zero was outside, None where it never was.
    """

    time: Floats
    mean: Floats
    low: Floats
    high: Floats
    decided: float | None


def info(found: ComparisonResult) -> ChallengeInfo:
    decided = float(base.times(np.array([found.decided], dtype="datetime64[ms]"))[0]) if found.decided else None
    return ChallengeInfo(base.times(found.moment), found.mean, found.low, found.high, decided)


def figure(info: ChallengeInfo) -> go.Figure:
    """A line in its band; a rule where the difference became significant."""
    import plotly.graph_objects as go

    colour = base.SERIES[0]
    edge = {"color": base.tint(colour, 45), "width": 1, "shape": "hv"}
    traces = [
        go.Scatter(x=info.time, y=base.values(info.high), name="95% at all times, high", line=edge,
                   hovertemplate="%{y:.1%}"),
        go.Scatter(x=info.time, y=base.values(info.low), name="95% at all times, low", line=edge, fill="tonexty",
                   fillcolor=base.tint(colour, 14), hovertemplate="%{y:.1%}"),
        go.Scatter(x=info.time, y=base.values(info.mean), name="Difference so far", hovertemplate="%{y:.1%}",
                   line={"color": colour, "width": 1.8}, mode="lines" if len(info.time) > 1 else "markers"),
    ]  # fmt: skip
    room = max(float(np.abs(np.concatenate([info.mean, info.low[-1:], info.high[-1:]])).max(initial=0.1)), 0.1) * 1.6
    y = base.value_axis(tickformat=".0%", nticks=6, range=[-min(room, 1.0), min(room, 1.0)])
    figure = base.figure(traces, x=base.time_axis(), y=y, keep="challenge")
    if info.decided is not None:
        figure.add_vline(x=info.decided, line={"color": base.WARN, "width": 1.2, "dash": "dash"})
    return figure.add_hline(y=0, line={"color": base.LINE_STRONG, "width": 1, "dash": "dot"}, layer="below")
