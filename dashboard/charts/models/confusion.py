"""Confusion matrix of the scored rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.confusion import matrices
from engine.models.result import ModelResult
from engine.models.scores import called

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class ConfusionInfo:
    """``count`` (true class, called class) of rows, and the ``share`` of each in the rows of its true class."""

    count: Floats
    share: Floats
    classes: tuple[str, ...]


def info(result: ModelResult) -> ConfusionInfo:
    """Of a regression the classes are the sides of zero."""
    rows, _ = result.scored()
    classes = result.classes or ("down", "up")
    label = (rows.label > 0).astype(np.float64) if result.task == "regression" else rows.label
    count = matrices(label, called(rows.task, rows.prediction), len(classes), np.ones((1, len(rows))))[0]
    return ConfusionInfo(count, count / np.maximum(count.sum(axis=1, keepdims=True), 1), classes)


def figure(info: ConfusionInfo) -> go.Figure:
    """A cell for each pair of true and called class, darker the larger its share of the true class."""
    import plotly.graph_objects as go

    text = [[f"{rows:,.0f}<br>{share:.1%}" for rows, share in zip(*pair, strict=True)]
            for pair in zip(info.count, info.share, strict=True)]  # fmt: skip
    said, was = ([f"{word} {name}" for name in info.classes] for word in ("called", "was"))
    cells = go.Heatmap(
        z=info.share, x=said, y=was, text=text, texttemplate="%{text}", zmin=0, zmax=1, showscale=False, xgap=3, ygap=3,
        colorscale=[[0.0, base.SURFACE_2], [1.0, base.tint(base.ACCENT, base.PALE)]],
        textfont={"size": 13, "color": base.TEXT},
        hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
    )  # fmt: skip
    return base.figure(
        [cells],
        x={"side": "top", "fixedrange": True, "showgrid": False},
        y=base.value_axis(type="category", autorange="reversed", showgrid=False, ticklabelstandoff=6),
        keep="confusion",
        hover="closest",
        margin={"l": 84, "r": 14, "t": 30, "b": 10},
    )
