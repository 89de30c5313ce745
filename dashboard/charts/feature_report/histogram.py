"""Distribution of a feature's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.text.format import number
from engine.market.bars import Floats
from engine.research.features.result import FeatureReport

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class HistogramInfo:
    """``middle`` and ``width`` of each bin in units of the feature, and the ``counts`` in it; the moments; ``name``."""

    name: str
    middle: Floats
    width: Floats
    counts: Floats
    mean: float
    deviation: float
    skewness: float
    kurtosis: float

    def words(self) -> str:
        """The moments, for the title line."""
        return (
            f"mean {number(self.mean, 3, signed=True)} · standard deviation {number(self.deviation, 3)} · "
            f"skewness {number(self.skewness, 2, signed=True)} · kurtosis {number(self.kurtosis, 2)}"
        )


def info(report: FeatureReport, column: int) -> HistogramInfo:
    """What is drawn of a column: all beyond the 0.5th and the 99.5th percentile is in the outermost bins."""
    found = report.distributions
    edges = found.edges[column]
    return HistogramInfo(
        name=report.names[column],
        middle=(edges[1:] + edges[:-1]) / 2,
        width=np.diff(edges),
        counts=found.counts[column].astype(np.float64),
        mean=float(found.mean[column]),
        deviation=float(found.deviation[column]),
        skewness=float(found.skewness[column]),
        kurtosis=float(found.kurtosis[column]),
    )


def figure(info: HistogramInfo) -> go.Figure:
    """A bar a bin."""
    import plotly.graph_objects as go

    bars = go.Bar(
        x=info.middle, y=info.counts, width=info.width, name=info.name, showlegend=False,
        marker={"color": base.tint(base.SERIES[0], 75), "line": {"width": 0}},
        hovertemplate="%{x:.4~g}: %{y:,d} values<extra></extra>",
    )  # fmt: skip
    axis = {"tickformat": ".4~g", "nticks": 6, "showspikes": False, "fixedrange": True}
    return base.figure([bars], x=axis, y=base.value_axis(nticks=4), keep="histogram", hover="closest", bargap=0.06)
