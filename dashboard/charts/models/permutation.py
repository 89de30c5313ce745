"""Permutation importance of the features on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.models.result import ModelResult
from engine.research.model_verdict import headline_name

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAXIMUM_FEATURES = 15


@dataclass(frozen=True, eq=False)
class PermutationInfo:
    """What permuting each of ``names`` costs the score called ``score``, in falling order."""

    names: tuple[str, ...]
    loss: Floats
    score: str


def info(result: ModelResult) -> PermutationInfo | None:
    """The features that cost most, fifteen at most; None where it was not measured."""
    known = np.isfinite(result.permutation)
    if not known.any():
        return None
    order = [int(index) for index in np.argsort(-np.where(known, result.permutation, -np.inf), kind="stable")]
    order = [index for index in order if known[index]][:MAXIMUM_FEATURES]
    return PermutationInfo(
        tuple(result.features[index] for index in order), result.permutation[order], headline_name(result)
    )


def figure(info: PermutationInfo) -> go.Figure:
    """One bar a feature; left of zero the model does better without it."""
    import plotly.graph_objects as go

    bars = go.Bar(
        x=info.loss[::-1], y=list(info.names[::-1]), orientation="h", name=f"Drop in {info.score}",
        marker={"color": [base.SERIES[0] if value > 0 else base.MUTED for value in info.loss[::-1]]},
        width=min(0.62, 0.22 * len(info.names)),
        hovertemplate=f"%{{y}}: permuted it costs %{{x:.4f}} of {info.score}<extra></extra>",
    )  # fmt: skip
    return base.figure(
        [bars],
        x={"tickformat": ".3~f", "nticks": 5, "fixedrange": True, "zeroline": True},
        y=base.value_axis(type="category", showgrid=False, ticklabelstandoff=6),
        keep="permutation",
        hover="closest",
    )
