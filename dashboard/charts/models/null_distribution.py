"""The main score of a model in the distribution of its null models' scores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from dashboard.charts.models.loss import Partial
from dashboard.text.format import MINUS
from dashboard.text.model_scores import TITLES
from engine.market.bars import Floats
from engine.models.result import ModelResult
from engine.research.model_verdict import headline_name

if TYPE_CHECKING:
    import plotly.graph_objects as go

MINIMUM_BINS, MAXIMUM_BINS = 5, 40
_ALONE = 0.02  # beside a score that no null model stands near yet: numbers along the axis that differ


@dataclass(frozen=True, eq=False)
class NullDistributionInfo:
    """``count`` null models in each bin between ``edges`` (one more than bins), and each one's ``scores``, sorted.

    ``low`` and ``high`` are the 5% and 95% points of the null models; ``observed`` is the model's own score, ``name``
    what it is called, and ``words`` whose it is. While it trains there may be none of them yet, and ``folds`` are the
    scores of those that are done.
    """

    edges: Floats
    count: NDArray[np.int64]
    scores: Floats
    low: float
    high: float
    observed: float
    name: str
    words: str = "this model"
    folds: Floats = field(default_factory=lambda: np.empty(0))


def info(result: ModelResult) -> NullDistributionInfo | None:
    """None where no null models were trained. The number of bins is 2 n^(1/3) (Rice), 5 to 40."""
    band = result.null_band()
    if band is None:
        return None
    return _info(result.null_scores, result.headline, headline_name(result))


def live(partial: object) -> NullDistributionInfo | None:
    """The null models so far, and the mean of the folds that are done, from a job's progress; None before the first
    fold. Raises ``SpecError`` for what is no preview.
    """
    preview = Partial.parse(partial)
    folds = np.array([fold.score for fold in preview.folds if fold.score is not None])
    if not len(folds):
        return None
    done = f"{len(folds)} of {preview.of} folds" if preview.of > 1 else "this model"
    found = _info(np.sort(preview.nulls), float(folds.mean()), TITLES.get(preview.score, "Score"))
    return replace(found, words=done, folds=folds if preview.of > 1 else found.folds)


def _info(scores: Floats, observed: float, name: str) -> NullDistributionInfo:
    if not len(scores):
        return NullDistributionInfo(np.empty(0), np.empty(0, dtype=np.int64), scores, np.nan, np.nan, observed, name)
    bins = int(np.clip(round(2 * len(scores) ** (1 / 3)), MINIMUM_BINS, MAXIMUM_BINS))
    counts, edges = np.histogram(scores, bins)
    low, high = (float(end) for end in np.quantile(scores, (0.05, 0.95)))
    return NullDistributionInfo(edges, counts, scores, low, high, observed, name)


def figure(info: NullDistributionInfo) -> go.Figure:
    """A histogram with its band shaded, a tick for each null model, and a line for the model itself."""
    import plotly.graph_objects as go

    middle, width = (info.edges[1:] + info.edges[:-1]) / 2, np.diff(info.edges)
    spans = [f"{low:.3f} to {high:.3f}" for low, high in zip(info.edges[:-1], info.edges[1:], strict=True)]
    bars = go.Bar(
        x=middle, y=info.count, width=width, name="Null models", customdata=spans, showlegend=False,
        marker={"color": base.tint(base.MUTED, 45), "line": {"color": base.SURFACE, "width": 1}},
        hovertemplate=f"{info.name} %{{customdata}}: %{{y}} null models<extra></extra>",
    )  # fmt: skip
    ticks = go.Scatter(
        x=info.scores, y=np.zeros(len(info.scores)), name="Null model", mode="markers", showlegend=False,
        cliponaxis=False, marker={"symbol": "line-ns-open", "size": 7, "color": base.MUTED, "line": {"width": 1}},
        hovertemplate="null model %{x:.4f}<extra></extra>",
    )  # fmt: skip
    figure = base.figure(
        [bars, ticks, *_folds(info)],
        x={"tickformat": ".3~f", "nticks": 7, "range": _range(info)},
        y=base.value_axis(dtick=max(-(-int(info.count.max(initial=0)) // 4), 1), rangemode="tozero", tickformat="d"),
        keep="null-distribution",
        hover="closest",
        bargap=0,
        margin={**base.MARGIN, "t": 26},
    )
    if len(info.scores):
        figure.add_vrect(x0=info.low, x1=info.high, fillcolor=base.tint(base.MUTED, 14), line_width=0, layer="below")
    figure.add_vline(x=info.observed, line={"color": _colour(info), "width": 2})
    figure.add_annotation(
        text=f"<b>{info.words} {info.observed:.3f}</b>".replace("-", MINUS), showarrow=False,
        font={"color": _colour(info), "size": 12}, x=info.observed, xanchor=_anchor(info), y=1, yref="paper",
        yanchor="bottom",
    )  # fmt: skip
    return figure


def _folds(info: NullDistributionInfo) -> list[go.Scatter]:
    """A dot for each fold that is done."""
    import plotly.graph_objects as go

    if not len(info.folds):
        return []
    return [
        go.Scatter(
            x=info.folds, y=np.zeros(len(info.folds)), name="Fold", mode="markers", showlegend=False, cliponaxis=False,
            marker={"size": 7, "color": base.SERIES[0]}, hovertemplate="fold %{x:.4f}<extra></extra>",
        )
    ]  # fmt: skip


def _colour(info: NullDistributionInfo) -> str:
    """Gain above the band of the null models, loss below it, neither inside it."""
    return base.GAIN if info.observed > info.high else base.LOSS if info.observed < info.low else base.WARN


def _range(info: NullDistributionInfo) -> list[float]:
    every = np.concatenate([info.edges, info.folds, [info.observed]])
    low, high = float(every.min()), float(every.max())
    margin = max(0.06 * (high - low), 1e-4 if len(info.scores) else _ALONE)
    return [float(low - margin), float(high + margin)]


def _anchor(info: NullDistributionInfo) -> str:
    """The side on which the words have room."""
    low, high = _range(info)
    place = (info.observed - low) / (high - low)
    return "left" if place < 0.3 else "right" if place > 0.7 else "center"
