"""Loss curves of several models on one chart, each by the share of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.overlay import style
from engine.market.bars import Floats
from engine.models.result import ModelResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 400


@dataclass(frozen=True, eq=False)
class LossLine:
    """The loss of the model ``name`` after each of its ``steps``, on its validation rows where ``is_validation``, else
    on its training rows; ``place`` is that of its colour.
    """

    name: str
    place: int
    steps: Floats
    loss: Floats
    is_validation: bool


def info(models: Sequence[tuple[str, ModelResult]]) -> tuple[LossLine, ...]:
    """The curve of each model's last fold; those that are not trained in steps have none."""
    found = []
    for place, (name, result) in enumerate(models):
        fold = result.newest
        is_validation = len(fold.validation_loss) > 0
        loss = fold.validation_loss if is_validation else fold.train_loss
        if len(loss):
            at = np.unique(np.linspace(0, len(loss) - 1, POINTS).astype(int))
            found.append(LossLine(name, place, at + 1.0, loss[at], is_validation))
    return tuple(found)


def figure(lines: Sequence[LossLine]) -> go.Figure:
    """A line a model; those of training rows say so."""
    import plotly.graph_objects as go

    traces = []
    for line in lines:
        colour, dash = style(line.place)
        name = line.name if line.is_validation else f"{line.name} (training)"
        traces.append(
            go.Scatter(
                x=line.steps, y=base.values(line.loss), name=name, hovertemplate="%{y:.4~g}",
                mode="lines" if len(line.loss) > 1 else "markers", line={"color": colour, "dash": dash, "width": 1.6},
            )
        )  # fmt: skip
    x = {"title": {"text": "Step"}, "rangemode": "tozero", "unifiedhovertitle": {"text": "Step %{x:,d}"}}
    return base.figure(traces, x=x, y=base.value_axis(tickformat=".3~g", nticks=6), keep="losses")
