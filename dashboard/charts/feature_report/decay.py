"""Information coefficient of a feature by horizon, with its confidence band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.research.features.result import FeatureReport

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class DecayInfo:
    """``ic`` of each of ``horizons``, in bars, and the ``low`` and ``high`` ends of its 95% confidence interval; NaN
    where there are too few values. ``own`` is the place of the label's horizon.
    """

    name: str
    horizons: tuple[int, ...]
    ic: Floats
    low: Floats
    high: Floats
    own: int


def info(report: FeatureReport, column: int) -> DecayInfo:
    """What is drawn of a column."""
    found = report.information
    low, high = found.band()
    return DecayInfo(
        report.names[column], found.horizons, found.ic[column], low[column], high[column], report.at_horizon
    )


def figure(info: DecayInfo) -> go.Figure:
    """The line in its band over horizons on a log axis; the label's horizon is marked."""
    import plotly.graph_objects as go

    x = np.asarray(info.horizons, dtype=np.float64)
    edge = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    known = np.isfinite(info.low) & np.isfinite(info.high)
    traces = [
        go.Scatter(x=x[known], y=info.high[known], **edge),
        go.Scatter(x=x[known], y=info.low[known], fill="tonexty", fillcolor=base.tint(base.ACCENT, 16), **edge),
        go.Scatter(
            x=x, y=info.ic, name=info.name, mode="lines+markers", showlegend=False,
            line={"color": base.ACCENT, "width": 1.6},
            marker={"size": [9 if place == info.own else 5 for place in range(len(x))], "color": base.ACCENT},
            customdata=np.column_stack([info.low, info.high]),
            hovertemplate="%{x:d} bars: %{y:+.3f} (%{customdata[0]:+.3f} to %{customdata[1]:+.3f})<extra></extra>",
        ),
    ]  # fmt: skip
    axis = {"type": "log", "tickvals": list(info.horizons), "fixedrange": True, "showspikes": False}
    return base.figure(traces, x=axis, y=base.value_axis(tickformat="+.2f", nticks=5, zeroline=True), keep="decay",
                       hover="closest")  # fmt: skip
