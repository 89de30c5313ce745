"""Fan of the equity over time, from block bootstraps of the account's own returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.research.verification.result import VerificationResult

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class FanInfo:
    """``bands`` (5, points): the 5%, 25%, 50%, 75% and 95% quantiles of the equity after ``years`` of bars."""

    years: Floats
    bands: Floats


def info(result: VerificationResult) -> FanInfo:
    """The fan of ``result``."""
    return FanInfo(result.fan_bars / result.periods_per_year, result.fan)


def figure(info: FanInfo) -> go.Figure:
    """Two bands around the median, on a log scale."""
    import plotly.graph_objects as go

    low, lower, middle, upper, high = info.bands
    traces = []
    for top, bottom, name, strength in ((high, low, "5% to 95%", 14), (upper, lower, "25% to 75%", 26)):
        edge = {"x": info.years, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        traces.append(go.Scatter(y=top, showlegend=False, **edge))
        traces.append(
            go.Scatter(y=bottom, name=name, fill="tonexty", fillcolor=base.tint(base.ACCENT, strength), **edge)
        )
    traces.append(
        go.Scatter(
            x=info.years, y=middle, name="Median", mode="lines", line={"color": base.ACCENT, "width": 1.8},
            customdata=np.stack((low, high), axis=1),
            hovertemplate="after %{x:.2f} years: median %{y:.2f}<br>"
            "90% range %{customdata[0]:.2f} to %{customdata[1]:.2f}<extra></extra>",
        )
    )  # fmt: skip
    return base.figure(
        traces,
        x={"title": {"text": "Years"}, "nticks": 8, "showspikes": False},
        y=base.value_axis("Growth of 1", log=True),
        keep="fan",
        hover="closest",
        margin={**base.MARGIN, "b": 40},
    )
