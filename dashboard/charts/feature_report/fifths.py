"""Mean return that followed, by the fifth of a feature's distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.charts import base
from engine.market.bars import Floats
from engine.research.features.result import FeatureReport

if TYPE_CHECKING:
    import plotly.graph_objects as go

NAMES = ("1, low", "2", "3", "4", "5, high")


@dataclass(frozen=True, eq=False)
class FifthsInfo:
    """Mean ``returns`` of each fifth as fractions, and the number of rows in it (``counts``)."""

    name: str
    returns: Floats
    counts: Floats

    def spread(self) -> float:
        """The highest fifth's return less the lowest one's, as a fraction."""
        return float(self.returns[-1] - self.returns[0])


def info(report: FeatureReport, column: int) -> FifthsInfo:
    """What is drawn of a column."""
    return FifthsInfo(report.names[column], report.fifth_returns[column], report.fifth_counts[column])


def figure(info: FifthsInfo) -> go.Figure:
    """A bar a fifth."""
    import plotly.graph_objects as go

    colours = [base.GAIN if value >= 0 else base.LOSS for value in info.returns]
    bars = go.Bar(
        x=list(NAMES), y=info.returns, customdata=info.counts, name=info.name, showlegend=False, width=0.6,
        marker={"color": colours, "opacity": 0.85, "line": {"width": 0}},
        hovertemplate="quintile %{x}: %{y:+.2%} of %{customdata:,d} values<extra></extra>",
    )  # fmt: skip
    axis = {"type": "category", "fixedrange": True, "showspikes": False}
    return base.figure([bars], x=axis, y=base.value_axis(tickformat="+.1%", nticks=5), keep="fifths", hover="closest")
