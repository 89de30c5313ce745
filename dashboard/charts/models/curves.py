"""ROC curve and precision-recall curve of the scored rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.ranking import precision_recall_curve, roc_curve
from engine.models.result import ModelResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 400


@dataclass(frozen=True, eq=False)
class CurvesInfo:
    """``false_rate`` and ``true_rate`` at each threshold, ``recall`` and ``precision``, thinned to ``POINTS``; of
    several classes the highest against all others. ``base_rate`` is the share of rises.
    """

    false_rate: Floats
    true_rate: Floats
    recall: Floats
    precision: Floats
    base_rate: float


def info(result: ModelResult) -> CurvesInfo | None:
    """None for a regression, and where all outcomes are the same."""
    if result.task == "regression":
        return None
    rows, _ = result.scored()
    rises = (rows.label == len(result.classes) - 1).astype(np.float64)
    if not 0 < rises.mean() < 1:
        return None
    false_rate, true_rate = map(_thinned, roc_curve(rises, rows.directional()))
    recall, precision = map(_thinned, precision_recall_curve(rises, rows.directional()))
    return CurvesInfo(false_rate, true_rate, recall, precision, float(rises.mean()))


def roc(info: CurvesInfo) -> go.Figure:
    """True against false positives; the diagonal is no skill."""
    return _figure(
        info.false_rate, info.true_rate, ([0, 1], [0, 1]), ("False positive rate", "True positive rate"), "roc"
    )


def precision_recall(info: CurvesInfo) -> go.Figure:
    """Precision against recall; the share of rises is no skill."""
    flat = ([0, 1], [info.base_rate, info.base_rate])
    return _figure(info.recall, info.precision, flat, ("Recall", "Precision"), "precision-recall")


def _thinned(values: Floats) -> Floats:
    at = np.unique(np.linspace(0, len(values) - 1, min(len(values), POINTS)).astype(int))
    return values[at]


def _figure(
    x: Floats, y: Floats, chance: tuple[list[float], list[float]], titles: tuple[str, str], keep: str
) -> go.Figure:
    import plotly.graph_objects as go

    line = go.Scatter(
        x=base.values(x), y=base.values(y), name=titles[1], mode="lines", showlegend=False,
        line={"color": base.SERIES[0], "width": 1.8},
        hovertemplate=f"{titles[0].lower()} %{{x:.1%}}, {titles[1].lower()} %{{y:.1%}}<extra></extra>",
    )  # fmt: skip
    no_skill = go.Scatter(
        x=chance[0], y=chance[1], name="No skill", mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": base.MUTED, "width": 1.2, "dash": "dash"},
    )  # fmt: skip
    axis = {"tickformat": ".0%", "range": [0, 1.005], "nticks": 6, "fixedrange": True}
    return base.figure(
        [no_skill, line],
        x={**axis, "title": {"text": titles[0]}},
        y=base.value_axis(tickformat=".0%", range=[0, 1.02], nticks=6),
        keep=keep,
        hover="closest",
    )
