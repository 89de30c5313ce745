"""The main score of each fold, with its interval and the band of its null models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE
from engine.research.model_verdict import headline_name

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class FoldScoresInfo:
    """Of each fold: ``score``, the ends of its 95% interval, ``low`` and ``high``, and of the 5% to 95% band of its
    null models, ``null_low`` and ``null_high``; NaN where there is none. ``pooled`` is the score over all tests,
    ``name`` what it is called, and ``chance`` that of no skill.
    """

    score: Floats
    low: Floats
    high: Floats
    null_low: Floats
    null_high: Floats
    pooled: float
    name: str
    chance: float


def info(result: ModelResult) -> FoldScoresInfo:
    name = HEADLINE[result.task]
    rows = []
    for fold in result.folds:
        place = list(fold.scores).index(name) if name in fold.scores else -1
        interval = fold.intervals[place] if 0 <= place < len(fold.intervals) else (np.nan, np.nan)
        known = fold.null_scores[np.isfinite(fold.null_scores)]
        band = np.quantile(known, (0.05, 0.95)) if len(known) else (np.nan, np.nan)
        rows.append([fold.scores.get(name, np.nan), *interval, *band])
    score, low, high, null_low, null_high = np.array(rows, dtype=np.float64).T
    chance = 0.0 if result.task == "regression" else 0.5
    return FoldScoresInfo(score, low, high, null_low, null_high, result.headline, headline_name(result), chance)


def figure(info: FoldScoresInfo) -> go.Figure:
    """A dot with whiskers a fold before the band of its null models; the line is the score of all tests together."""
    import plotly.graph_objects as go

    every = max(1, -(-len(info.score) // 12))
    number, whiskers = np.arange(1.0, len(info.score) + 1), base.tint(base.SERIES[0], 60)
    known = np.isfinite(info.null_low)  # a bar without a base would begin at zero
    low, high = info.null_low[known], info.null_high[known]
    band = go.Bar(
        x=number[known], y=high - low, base=low, name="Null models, 5% to 95%", width=0.5,
        marker={"color": base.tint(base.MUTED, 35)}, customdata=np.column_stack([low, high]),
        hovertemplate="null models %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
    )  # fmt: skip
    dots = go.Scatter(
        x=number, y=info.score, name=info.name, mode="markers", marker={"size": 8, "color": base.SERIES[0]},
        error_y={"type": "data", "symmetric": False, "array": info.high - info.score,
                 "arrayminus": info.score - info.low, "color": whiskers, "thickness": 1.2, "width": 3},
        customdata=np.column_stack([info.low, info.high]),
        hovertemplate=f"fold %{{x:,d}}: {info.name} %{{y:.3f}}<br>95% interval %{{customdata[0]:.3f}} to "
        "%{customdata[1]:.3f}<extra></extra>",
    )  # fmt: skip
    figure = base.figure(
        [band, dots] if known.any() else [dots],
        x={
            "title": {"text": "Fold"},
            "tickformat": ",d",
            "range": [0.4, len(number) + 0.6],
            "dtick": every,
        },
        y=base.value_axis(tickformat=".2f", nticks=6, range=_range(info)),
        keep="fold-scores",
        hover="closest",
    )
    figure.add_hline(y=info.pooled, line={"color": base.SERIES[0], "width": 1.2})
    return figure.add_hline(y=info.chance, line={"color": base.LINE_STRONG, "width": 1, "dash": "dot"}, layer="below")


def _range(info: FoldScoresInfo) -> list[float]:
    """Of the axis: everything that is drawn, and chance."""
    drawn = np.concatenate([info.score, info.low, info.high, info.null_low, info.null_high])
    every = np.append(drawn[np.isfinite(drawn)], [info.pooled, info.chance])
    return base.span(float(np.nanmin(every)), float(np.nanmax(every)))
