"""Sensitivity of a run to worse conditions: costs, delays, parameters, its best trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats
from engine.research.verification.result import VerificationResult

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class Curve:
    """``y`` at each ``x``; ``origin`` is the x of the run as it is. One line of a chart."""

    name: str
    x: Floats
    y: Floats
    origin: float


def costs(result: VerificationResult) -> tuple[Curve, ...]:
    """Sharpe ratio at multiples of the costs."""
    return (Curve("Sharpe", result.cost_multiple, result.cost_sharpe, 1.0),)


def delays(result: VerificationResult) -> tuple[Curve, ...]:
    """Sharpe ratio where every decision is filled some bars later."""
    return (Curve("Sharpe", result.delay_bars.astype(np.float64), result.delay_sharpe, 0.0),)


def removed(result: VerificationResult) -> tuple[Curve, ...]:
    """Total return without the n best trades."""
    return (Curve("Total return", np.arange(len(result.removed_total), dtype=np.float64), result.removed_total, 0.0),)


def parameters(result: VerificationResult) -> tuple[Curve, ...]:
    """Sharpe ratio as each parameter alone is changed by a share of itself, the run as it is among them."""
    own = result.metrics.get("sharpe")
    found = []
    for field in dict.fromkeys(result.jitter_field):
        chosen = np.array([name == field for name in result.jitter_field])
        change, ratio = result.jitter_change[chosen], result.jitter_sharpe[chosen]
        if own is not None:
            change, ratio = np.append(change, 0.0), np.append(ratio, own)
        order = np.argsort(change, kind="stable")
        name = field.rsplit(".", 1)[-1].replace("_", " ").capitalize()
        found.append(Curve(name, change[order], ratio[order], 0.0))
    return tuple(found)


def figure(
    curves: Sequence[Curve], *, x_title: str, y_title: str, x_format: str = "", y_format: str = "", keep: str
) -> go.Figure:
    """Lines with a dot at each measurement, the run as it is marked by a ring, and a line at nothing."""
    import plotly.graph_objects as go

    traces = []
    for index, curve in enumerate(curves):
        colour = base.ACCENT if len(curves) == 1 else base.SERIES[index % len(base.SERIES)]
        at = curve.x == curve.origin
        traces.append(
            go.Scatter(
                x=curve.x, y=curve.y, name=curve.name, mode="lines+markers", showlegend=len(curves) > 1,
                line={"color": colour, "width": 1.6},
                marker={"size": np.where(at, 9, 5), "color": colour,
                        "line": {"width": np.where(at, 2, 0), "color": base.TEXT}},
                hovertemplate=f"%{{x:{x_format}}}: %{{y:{y_format}}}<extra>{curve.name}</extra>",
            )
        )  # fmt: skip
    return base.figure(
        traces,
        x={"title": {"text": x_title}, "tickformat": x_format, "nticks": 7, "showspikes": False},
        y=base.value_axis(y_title, tickformat=y_format, zeroline=True, nticks=6, rangemode="tozero"),
        keep=keep,
        hover="closest",
        margin={**base.MARGIN, "b": 40, "l": 54},
    )
