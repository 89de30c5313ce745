"""Importance of a sweep's parameters: shares of the variance, and the metric along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.charts import base
from dashboard.charts.sweep import FORMATS
from dashboard.text.sweeps import AxisLabel
from engine.backtest.metrics import METRICS
from engine.backtest.sweeps.importance import Importance, Slice
from engine.market.bars import Floats

MOST, _NOTABLE = 8, 0.005
"""Bars at most, and the share that a pair of axes must have for a bar."""


@dataclass(frozen=True, eq=False)
class SharesInfo:
    """``share`` of the variance of each of ``names``, in falling order."""

    names: tuple[str, ...]
    share: Floats


def shares(found: Importance, sides: Sequence[AxisLabel]) -> SharesInfo:
    """Axes, and the pairs and the rest that add something."""
    named = [(side.title, float(share)) for side, share in zip(sides, found.single, strict=True)]
    named += [
        (f"{sides[one].title} \N{MULTIPLICATION SIGN} {sides[other].title}", share)
        for (one, other), share in found.pairs.items()
        if share >= _NOTABLE
    ]
    if found.rest >= _NOTABLE:
        named.append(("Three and more together", found.rest))
    named.sort(key=lambda item: -item[1])
    return SharesInfo(tuple(name for name, _ in named[:MOST]), np.array([share for _, share in named[:MOST]]))


def shares_figure(info: SharesInfo) -> go.Figure:
    """A bar each, the largest on top."""
    names = [name.replace(" \N{MULTIPLICATION SIGN} ", " \N{MULTIPLICATION SIGN}<br>") for name in info.names]
    bars = go.Bar(
        x=info.share[::-1], y=names[::-1], orientation="h", name="Share of the variance",
        marker={"color": base.SERIES[0]}, texttemplate="%{x:.1%}", textposition="outside", cliponaxis=False,
        width=min(0.62, 0.22 * len(names)), hovertemplate="%{y}: %{x:.2%} of the variance<extra></extra>",
    )  # fmt: skip
    room = 1.22 * max(float(info.share.max()), 0.01)
    return base.figure(
        [bars],
        x={"tickformat": ".0%", "range": [0, room], "nticks": 5, "fixedrange": True},
        y=base.value_axis(type="category", showgrid=False, ticklabelstandoff=6, automargin=True),
        keep="sweep-importance",
        hover="closest",
    )


def slice_figure(found: Slice, side: AxisLabel, metric: str, holding: float) -> go.Figure:
    """Lines at the best and on average over a band of the middle half, and what holding does."""
    form, title = FORMATS[metric], METRICS[metric].title
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    known = np.isfinite(found.low)
    few = len(found.values) <= 40
    mode = "lines+markers" if few else "lines"
    traces = [
        go.Scatter(x=found.values[known], y=base.values(found.low[known]), name="Lower quartile", **band),
        go.Scatter(
            x=found.values[known], y=base.values(found.high[known]), name="Middle half", fill="tonexty",
            fillcolor=base.tint(base.SERIES[0], 18), **band,
        ),
        _line(found.values, found.mean, "Mean", base.SERIES[0], mode, form),
        _line(found.values, found.at_best, "At the best", base.GAIN, mode, form),
    ]  # fmt: skip
    level = [{"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": holding, "y1": holding,
              "line": {"color": base.MUTED, "width": 1.1, "dash": "dot"}}]  # fmt: skip
    words = [{"x": 1, "xref": "paper", "xanchor": "right", "y": holding, "yanchor": "bottom", "text": "holding",
              "showarrow": False, "font": {"size": 11, "color": base.MUTED}}]  # fmt: skip
    is_known = metric != "trades" and np.isfinite(holding)
    ticks = {"tickvals": list(range(len(side.words))), "ticktext": list(side.words)} if side.words else {}
    return base.figure(
        traces,
        x={"title": {"text": side.name(), "standoff": 6}, "showspikes": False, "zeroline": False, "nticks": 7,
           **({"tickformat": ".3~p"} if side.percent else {}), **ticks},
        y=base.value_axis(tickformat=form.replace("+", ""), nticks=6),
        keep=f"sweep-slice {side.path} {title}",
        hover="x unified",
        margin={**base.MARGIN, "b": 40},
        shapes=level if is_known else [],
        annotations=words if is_known else [],
    )  # fmt: skip


def _line(x: Floats, y: Floats, name: str, colour: str, mode: str, form: str) -> go.Scatter:
    known = np.isfinite(y)
    return go.Scatter(
        x=x[known], y=base.values(y[known]), mode=mode, name=name, line={"color": colour, "width": 1.6},
        marker={"size": 4}, hovertemplate=f"{name} %{{y:{form}}}<extra></extra>",
    )  # fmt: skip
