"""The learning-rate finder: the loss at ever larger learning rates, and the one that it suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.diagnosis.result import NetworkDiagnosis

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class FinderInfo:
    """Smoothed ``loss`` at each ``rate``, the ``suggestion``, and the rate that the form ``asked`` for."""

    rate: Floats
    loss: Floats
    suggestion: float
    asked: float


def info(found: NetworkDiagnosis, asked: float) -> FinderInfo | None:
    """None where the loss never fell."""
    return FinderInfo(found.rate, found.loss, found.suggestion, asked) if len(found.rate) else None


def figure(info: FinderInfo) -> go.Figure:
    """The loss over the logarithm of the rate; solid the suggestion, dotted what was asked for."""
    import plotly.graph_objects as go

    line = go.Scatter(
        x=info.rate, y=base.values(info.loss), name="Loss", mode="lines",
        line={"color": base.SERIES[0], "width": 1.8},
        hovertemplate="learning rate %{x:.2~e}: loss %{y:.4f}<extra></extra>",
    )  # fmt: skip
    figure = base.figure(
        [line],
        x={"type": "log", "dtick": 1, "exponentformat": "e", "title": {"text": "Learning rate"}},
        y=base.value_axis(tickformat=".3~g", nticks=6),
        keep="finder",
        hover="closest",
    )
    figure.add_vline(x=info.asked, line={"color": base.MUTED, "width": 1.2, "dash": "dot"}, layer="below")
    figure.add_vline(x=info.suggestion, line={"color": base.GAIN, "width": 1.8}, layer="below")
    figure.add_annotation(**_words(info.asked, f"now {info.asked:g}", base.MUTED, 0, info.suggestion))
    found = f"<b>suggested {info.suggestion:.2g}</b>"
    return figure.add_annotation(**_words(info.suggestion, found, base.GAIN, 1, info.asked))


def _words(rate: float, text: str, colour: str, y: float, other: float) -> dict[str, Any]:
    """Beside the line at ``rate``, on the side away from the ``other``; a log axis places words by the logarithm."""
    side = "left" if rate >= other else "right"
    return {
        "x": float(np.log10(rate)), "y": y, "yref": "paper", "text": text, "showarrow": False, "xanchor": side,
        "yanchor": "top" if y else "bottom", "xshift": 5 if side == "left" else -5,
        "font": {"color": colour, "size": 12},
    }  # fmt: skip
