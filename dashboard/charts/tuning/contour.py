"""Two axes of a tuning: the mean score of the trials in each part of the plane, smoothed, and the trials themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.tuning.history import chosen_trials
from dashboard.charts.tuning.slices import axis
from dashboard.text.model_scores import TITLES, form_of
from dashboard.text.sweeps import AxisLabel
from engine.market.bars import Floats
from engine.models.tuning.result import TuningResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

CELLS, LEAST, DOTS = 24, 6, 600
"""Cells along a side, trials without which nothing is drawn, and dots at most."""


@dataclass(frozen=True, eq=False)
class ContourInfo:
    """``z`` (rows, columns) is the mean score of the complete trials in each cell, NaN where there is none, about the
    centres ``x`` and ``y``; ``dots`` (trials, 2) are some of them, ``best`` (2,) the best.
    """

    metric: str
    sides: tuple[AxisLabel, AxisLabel]
    log: tuple[bool, bool]
    x: Floats
    y: Floats
    z: Floats
    dots: Floats
    best: Floats
    sign: int


def info(result: TuningResult, x: AxisLabel, y: AxisLabel) -> ContourInfo | None:
    """The plane of two axes; None for too few complete trials, or where either axis has one value alone."""
    axes = [result.axes.index(side.path) for side in (x, y)]
    points, scores = result.values[result.complete][:, axes], result.score[result.complete]
    if len(points) < LEAST or not np.ptp(points, axis=0).all():
        return None
    logs = (result.log[axes[0]], result.log[axes[1]])
    (columns, across), (rows, up) = (_cells(points[:, place], logs[place]) for place in (0, 1))
    total, count = np.zeros((2, len(rows), len(columns)))
    np.add.at(total, (up, across), scores)
    np.add.at(count, (up, across), 1)
    z = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    chosen = chosen_trials(result)
    dots = result.values[chosen[result.complete[chosen]]][:, axes]
    dots = dots[np.unique(np.linspace(0, len(dots) - 1, min(len(dots), DOTS)).astype(int))]
    best = result.values[result.best, axes]
    return ContourInfo(result.metric, (x, y), logs, columns, rows, z, dots, best, result.sign)


def _cells(values: Floats, log: bool) -> tuple[Floats, np.ndarray]:
    """The distinct values or, of many, the centres of equal cells, by ratios if ``log``; and each value's place."""
    known, place = np.unique(values, return_inverse=True)
    if len(known) <= CELLS:
        return known, place
    scaled = np.log(values) if log else values
    edges = np.linspace(scaled.min(), scaled.max(), CELLS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    found = np.clip(np.searchsorted(edges, scaled, side="right") - 1, 0, CELLS - 1)
    return (np.exp(centres) if log else centres), found


def figure(info: ContourInfo) -> go.Figure:
    """Filled contours, stronger where scores are better, over the dots of trials and the ring of the best."""
    import plotly.graph_objects as go

    title, form = TITLES[info.metric], form_of(info.metric, info.z)
    scale = base.sequential(base.SERIES[0])
    area = go.Contour(
        x=info.x, y=info.y, z=base.values(info.z), connectgaps=True, ncontours=10, name=title, colorscale=scale,
        reversescale=info.sign < 0, line={"width": 0.6, "color": base.tint(base.TEXT, 25)},
        colorbar={"thickness": 10, "outlinewidth": 0, "tickformat": form, "nticks": 5},
        hovertemplate=f"{info.sides[0].title} %{{x:.4~g}}<br>{info.sides[1].title} %{{y:.4~g}}<br>"
        f"<b>{title} %{{z:{form}}}</b><extra></extra>",
    )  # fmt: skip
    dots = go.Scatter(
        x=info.dots[:, 0], y=info.dots[:, 1], mode="markers", name="Trial", hoverinfo="skip", showlegend=False,
        marker={"size": 3, "color": base.tint(base.TEXT, 45)},
    )  # fmt: skip
    ring = go.Scatter(
        x=info.best[:1], y=info.best[1:], mode="markers", name="Best", hoverinfo="skip",
        marker={"symbol": "circle-open", "size": 13, "color": base.TEXT, "line": {"width": 1.6}},
    )  # fmt: skip
    (x, y), (x_log, y_log) = info.sides, info.log
    upright = {**axis(y, info.y, y_log), "fixedrange": True}
    return base.figure(
        [area, dots, ring],
        x={**axis(x, info.x, x_log), "showgrid": False},
        y={**upright, "showgrid": False},
        keep=f"contour {x.path} {y.path}",
        hover="closest",
        margin={"l": 58, "r": 6, "t": 8, "b": 42},
    )
