"""Importance of the features to the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.result import ModelResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAXIMUM_FEATURES = 15


@dataclass(frozen=True, eq=False)
class ImportanceInfo:
    """``share`` of each of ``names`` in the sum of ``measure``, in falling order; the shares of the ``left_out`` least
    important ones are not listed."""

    names: tuple[str, ...]
    share: Floats
    left_out: int
    measure: str


def info(result: ModelResult) -> ImportanceInfo | None:
    """The most important features, fifteen at most; None where the model used none at all, or tells none."""
    total = float(result.importance.sum())
    if total <= 0:
        return None
    order = np.argsort(-result.importance, kind="stable")[:MAXIMUM_FEATURES]
    names = tuple(result.features[index] for index in order)
    return ImportanceInfo(
        names, result.importance[order] / total, len(result.features) - len(order), result.importance_of
    )


def figure(info: ImportanceInfo) -> go.Figure:
    """One bar a feature, the most important on top, each with its share."""
    import plotly.graph_objects as go

    bars = go.Bar(
        x=info.share[::-1], y=list(info.names[::-1]), orientation="h", name=f"Share of {info.measure}",
        marker={"color": base.SERIES[0]},
        texttemplate="%{x:.1%}", textposition="outside", cliponaxis=False, width=min(0.62, 0.22 * len(info.names)),
        hovertemplate=f"%{{y}}: %{{x:.2%}} of the {info.measure}<extra></extra>",
    )  # fmt: skip
    room = 1.22 * float(info.share.max())  # for the figure behind the longest bar
    axis = {"tickformat": ".0%", "range": [0, room], "nticks": 5, "fixedrange": True}
    return base.figure(
        [bars],
        x=axis,
        y=base.value_axis(type="category", showgrid=False, ticklabelstandoff=6),
        keep="importance",
        hover="closest",
    )
