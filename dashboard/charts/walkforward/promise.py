"""Performance in training against the test that followed: every combination, and those chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.charts import base
from dashboard.text.format import number
from engine.backtest.walkforward.result import WalkForwardResult
from engine.market.bars import Floats

_CLIP = 0.002  # of the cloud at each end may lie outside the picture


@dataclass(frozen=True, eq=False)
class PromiseInfo:
    """Annualised Sharpe ratios: ``cloud`` (2, points) of combinations in training and test, ``chosen`` (2, windows) and
    the numbers of those windows; ``ends`` (2, 2) are the lowest and highest of both axes.
    """

    cloud: Floats
    chosen: Floats
    window: Floats
    ends: Floats


def info(result: WalkForwardResult) -> PromiseInfo | None:
    """What is drawn of ``result``; None where no ratio is known on both sides."""
    chosen = np.stack([result.in_sharpe, result.out_sharpe])
    known = np.isfinite(chosen).all(axis=0)
    cloud = np.stack([result.cloud_in, result.cloud_out])
    chosen = chosen[:, known]
    if not cloud.shape[1] + chosen.shape[1]:
        return None
    inner = np.quantile(cloud, [_CLIP, 1 - _CLIP], axis=1).T if cloud.shape[1] else np.empty((2, 0))
    every = np.concatenate([inner, chosen, np.zeros((2, 1))], axis=1)
    ends = np.stack([every.min(axis=1), every.max(axis=1)], axis=1)
    return PromiseInfo(cloud, chosen, np.flatnonzero(known) + 1.0, ends)


def figure(info: PromiseInfo) -> go.Figure:
    """On the dotted diagonal the test kept what training promised."""
    room = 0.07 * np.maximum(info.ends[:, 1] - info.ends[:, 0], 0.1)
    x, y = ([float(low - margin), float(high + margin)] for (low, high), margin in zip(info.ends, room, strict=True))
    line = [max(x[0], y[0]), min(x[1], y[1])]
    diagonal = go.Scatter(
        x=line, y=line, mode="lines", line={"color": base.LINE_STRONG, "width": 1.2, "dash": "dot"}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    cloud = go.Scatter(
        x=base.values(info.cloud[0]), y=base.values(info.cloud[1]), mode="markers", name="All combinations",
        marker={"size": 4, "color": base.tint(base.MUTED, 32), "line": {"width": 0}},
        hovertemplate="training %{x:.2f}, test %{y:.2f}<extra></extra>",
    )  # fmt: skip
    chosen = go.Scatter(
        x=info.chosen[0], y=info.chosen[1], mode="markers+text", name="Chosen",
        text=[str(int(number)) for number in info.window], textposition="top center",
        textfont={"size": 11, "color": base.TEXT},
        marker={"size": 9, "color": base.SERIES[0], "line": {"width": 1, "color": base.SURFACE}},
        hovertemplate="window %{text}: training %{x:.2f}, test %{y:.2f}<extra></extra>",
    )  # fmt: skip
    side = {"showspikes": False, "zeroline": True, "zerolinecolor": base.LINE_STRONG, "nticks": 7, "fixedrange": True}
    return base.figure(
        [diagonal, cloud, chosen] if info.cloud.shape[1] else [diagonal, chosen],
        x={**side, "range": x, "title": {"text": "Sharpe in sample"}},
        y=base.value_axis("Sharpe out of sample", range=y, **side),
        keep="walkforward-promise",
        hover="closest",
        margin={"l": 52, "r": 14, "t": 8, "b": 44},
    )


def words(agreement: Floats) -> str:
    """Subtitle: how far the ranking of training held afterwards."""
    known = agreement[np.isfinite(agreement)]
    if not len(known):
        return "Sharpe of the chosen parameters"
    return f"rank correlation {number(float(np.median(known)), 2, signed=True)}"
