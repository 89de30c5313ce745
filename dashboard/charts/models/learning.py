"""The learning curve: the score on the test and on the training rows themselves, by how many those were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.result import ModelResult
from engine.research.inspection.result import Inspection
from engine.research.model_verdict import headline_name

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class LearningInfo:
    """The score called ``name`` of models of ever more training ``rows``, on these and on the ``test``; ``chance`` is
    that of no skill.
    """

    rows: Floats
    train: Floats
    test: Floats
    name: str
    chance: float


def info(found: Inspection, result: ModelResult) -> LearningInfo | None:
    """None where no model could be trained on fewer rows."""
    known = np.isfinite(found.learning_test)
    if known.sum() < 2:
        return None
    chance = 0.0 if result.task == "regression" else 0.5
    parts = (found.learning_train[known], found.learning_test[known])
    return LearningInfo(found.learning_rows[known].astype(np.float64), *parts, headline_name(result), chance)


def figure(info: LearningInfo) -> go.Figure:
    """Two lines that meet where more rows would no longer help."""
    import plotly.graph_objects as go

    lines = [("Training rows", info.train, base.SERIES[0]), ("Test", info.test, base.SERIES[1])]
    traces = [
        go.Scatter(
            x=info.rows, y=scores, name=name, mode="lines+markers", line={"color": colour, "width": 1.8},
            marker={"size": 6}, hovertemplate="%{y:.3f}",
        )
        for name, scores, colour in lines
    ]  # fmt: skip
    every = np.concatenate([info.train, info.test, [info.chance]])
    axis = base.span(float(np.nanmin(every)), float(np.nanmax(every)))
    figure = base.figure(
        traces,
        x={"title": {"text": "Training rows"}, "tickformat": ",d", "rangemode": "tozero", "nticks": 6,
           "unifiedhovertitle": {"text": "%{x:,d} rows"}},
        y=base.value_axis(tickformat=".2f", nticks=6, range=axis),
        keep="learning",
    )  # fmt: skip
    return figure.add_hline(y=info.chance, line={"color": base.LINE_STRONG, "width": 1, "dash": "dot"}, layer="below")
