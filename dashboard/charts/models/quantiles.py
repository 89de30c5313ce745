"""Mean return after predictions by fifths, from the lowest to the highest: what long-short fifths are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.ranking import FIFTH
from engine.models.result import ModelResult
from engine.models.scores import mean_ranks

if TYPE_CHECKING:
    import plotly.graph_objects as go

Z = 1.959964


@dataclass(frozen=True, eq=False)
class QuantilesInfo:
    """The ``mean`` return over the label's bars of each fifth of the predictions, the lowest first, ``error``, the half
    width of its 95% interval, its ``rows``, and the mean of ``all`` rows.
    """

    mean: Floats
    error: Floats
    rows: Floats
    all: float


def info(result: ModelResult, horizon: int) -> QuantilesInfo | None:
    """None where a fifth is empty for ties, or returns are not known. Fifths are those of ``ranking.long_short``;
    returns over ``horizon`` bars overlap, so one row in ``horizon`` counts as independent.
    """
    rows, _ = result.scored()
    known = np.isfinite(rows.returns)
    score, returns = rows.directional()[known], rows.returns[known]
    if len(score) < 1 / FIFTH:
        return None
    place = (mean_ranks(score) - 0.5) / len(score)
    fifth = np.minimum((place / FIFTH).astype(int), round(1 / FIFTH) - 1)
    count = np.bincount(fifth, minlength=round(1 / FIFTH)).astype(np.float64)
    if not count.all():
        return None
    mean = np.bincount(fifth, returns, minlength=len(count)) / count
    deviation = np.sqrt(np.maximum(np.bincount(fifth, returns**2, minlength=len(count)) / count - mean**2, 0))
    return QuantilesInfo(mean, Z * deviation / np.sqrt(np.maximum(count / horizon, 1)), count, float(returns.mean()))


def figure(info: QuantilesInfo) -> go.Figure:
    """A bar a fifth with its interval; the line is the mean of all rows."""
    import plotly.graph_objects as go

    names = ["lowest", *[f"{place}" for place in range(2, len(info.mean))], "highest"]
    bars = go.Bar(
        x=names, y=info.mean, width=0.55, name="Mean return",
        marker={"color": [base.GAIN if value > 0 else base.LOSS for value in info.mean]},
        error_y={"type": "data", "array": info.error, "color": base.MUTED, "thickness": 1.2, "width": 3},
        customdata=np.column_stack([info.mean - info.error, info.mean + info.error, info.rows]),
        hovertemplate="%{x} quintile: mean return %{y:.2%}<br>95% interval %{customdata[0]:.2%} to %{customdata[1]:.2%}"
        "<br>%{customdata[2]:,d} rows<extra></extra>",
    )  # fmt: skip
    figure = base.figure(
        [bars],
        x={"type": "category", "title": {"text": "Quintile of the predictions"}, "fixedrange": True},
        y=base.value_axis(tickformat=".2%", nticks=6, zeroline=True),
        keep="quantiles",
        hover="closest",
    )
    return figure.add_hline(y=info.all, line={"color": base.MUTED, "width": 1.2, "dash": "dash"})
