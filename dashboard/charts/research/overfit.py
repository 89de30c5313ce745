"""Winners of each half of the history: in sample against out of sample, and their rank out of sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.research.sweep_overfitting.result import SweepOverfitting

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAXIMUM_POINTS = 800  # points of the scatter
BINS = 40


@dataclass(frozen=True, eq=False)
class OverfitInfo:
    """Sharpe ratios of at most ``MAXIMUM_POINTS`` winners, ``in_sample`` and ``out_of_sample``, and the ``line`` (two
    points) fitted to all of them. ``edges`` and ``counts`` are the histogram of the logits of their ranks.
    """

    in_sample: Floats
    out_of_sample: Floats
    line: Floats
    edges: Floats
    counts: Floats


def info(result: SweepOverfitting) -> OverfitInfo:
    """An even choice of the splits, and the histogram of all."""
    index = np.unique(np.linspace(0, len(result.logit) - 1, MAXIMUM_POINTS).astype(np.intp))
    ends = np.array([result.in_sample.min(), result.in_sample.max()])
    line = np.full(2, np.nan) if result.slope is None else result.slope * ends + (result.intercept or 0.0)
    reach = float(np.abs(result.logit).max()) or 1.0
    edges = np.linspace(-reach, reach, BINS + 1)
    counts = np.histogram(result.logit, edges)[0].astype(np.float64)
    return OverfitInfo(result.in_sample[index], result.out_of_sample[index], np.stack((ends, line)), edges, counts)


def figure(info: OverfitInfo) -> go.Figure:
    """Left the scatter with its line, right the ranks, overfitted ones in the colour of loss."""
    import plotly.graph_objects as go

    middle = (info.edges[1:] + info.edges[:-1]) / 2
    colours = [base.tint(base.LOSS if value <= 0 else base.GAIN, 75) for value in middle]
    traces = [
        go.Scatter(
            x=base.values(info.in_sample), y=base.values(info.out_of_sample), mode="markers", name="Splits",
            showlegend=False, marker={"size": 4, "color": base.tint(base.ACCENT, 35)},
            hovertemplate="Sharpe in sample %{x:.2f}<br>out of sample %{y:.2f}<extra></extra>",
        ),
        go.Scatter(
            x=info.line[0], y=info.line[1], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": base.TEXT, "width": 1.2, "dash": "dot"},
        ),
        go.Bar(
            x=middle, y=info.counts, xaxis="x2", yaxis="y2", width=float(info.edges[1] - info.edges[0]),
            marker={"color": colours, "line": {"width": 0}}, showlegend=False, name="Splits by rank",
            hovertemplate="%{y:.0f} splits<extra></extra>",
        ),
    ]  # fmt: skip
    plain = {"nticks": 6, "showspikes": False}
    return base.figure(
        traces,
        x={**plain, "domain": [0, 0.46], "title": {"text": "Sharpe in sample"}, "zeroline": False},
        y=base.value_axis("Sharpe out of sample", zeroline=True, nticks=6),
        keep="overfit",
        hover="closest",
        xaxis2={**plain, "domain": [0.55, 1], "anchor": "y2",
                "title": {"text": "Out-of-sample rank of the in-sample best (logit)"},
                "tickvals": [0], "ticktext": ["median"]},
        yaxis2=base.value_axis(anchor="x2", nticks=5),
        margin={**base.MARGIN, "l": 54, "b": 42},
        bargap=0.05,
    )  # fmt: skip
