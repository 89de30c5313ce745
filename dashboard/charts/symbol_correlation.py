"""Correlation of the returns of symbols: all pairs as a map, one pair over time and return by return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from dashboard.text.format import number
from engine.market.bars import Floats
from engine.research.series.correlation import Correlations, RollingCorrelation

if TYPE_CHECKING:
    import plotly.graph_objects as go

PRINTED, POINTS, LINE_POINTS = 25, 2_000, 3_000
"""Most symbols whose cells print their number, most points of a scatter, and of a line."""


@dataclass(frozen=True, eq=False)
class MapInfo:
    """``names`` by cluster; ``values`` float32 and ``counts``, uint16 where they fit, else int32, both (symbols,
    symbols).
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    counts: NDArray[np.uint16] | NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class PairInfo:
    """``time`` in ms since 1970 and ``rolling`` of the line; ``x`` and ``y``, the returns of the latest points of
    ``total``; ``slope`` and ``intercept`` of the least squares line, NaN where x does not vary.
    """

    names: tuple[str, str]
    time: Floats
    rolling: Floats
    window: int
    whole: float | None
    x: Floats
    y: Floats
    total: int
    slope: float
    intercept: float


def map_info(found: Correlations) -> MapInfo:
    cells = np.ix_(found.order, found.order)
    names = tuple(found.symbols[row] for row in found.order)
    counts = found.counts[cells]
    is_short = int(counts.max()) <= np.iinfo(np.uint16).max
    return MapInfo(names, found.values[cells].astype(np.float32), counts.astype(np.uint16 if is_short else np.int32))


def map_figure(info: MapInfo) -> dict[str, Any]:
    """A square of colours from -1 to 1, with numbers where there is room for them: a ``base.plain_figure``."""
    names, few = list(info.names), len(info.names) <= PRINTED
    lowest, highest = int(info.counts.min()), int(info.counts.max())
    counted = f"{highest:,}" if lowest == highest else "%{customdata:,d}"
    style: dict[str, Any] = {"colorscale": base.diverging(), "zmid": 0, "showscale": False, "xgap": 0, "ygap": 0}
    if few:
        text = [[number(float(value), 2) if np.isfinite(value) else "" for value in row] for row in info.values]
        style = {**base.printed(11 if len(names) <= 14 else 9), "text": text, "texttemplate": "%{text}", "xgap": 1,
                "ygap": 1}  # fmt: skip
    cells = {
        "type": "heatmap", "x": names, "y": names, "z": info.values, "zmin": -1, "zmax": 1, "name": "Correlation",
        "hoverongaps": False, "customdata": None if lowest == highest else info.counts,
        "hovertemplate": f"%{{y}} and %{{x}}<br>%{{z:.3f}}, {counted} common returns<extra></extra>", **style,
    }  # fmt: skip
    axis = {"type": "category", "showgrid": False, "ticks": "", "showspikes": False}
    if not few:
        axis |= {"nticks": 40}
    widest = min(max(map(len, names)), 14)
    upright = len(names) > 14 or widest > 6
    return base.plain_figure(
        [cells],
        x={**axis, "tickangle": -90 if upright else 0, "fixedrange": few},
        y={**axis, "autorange": "reversed", "fixedrange": few},
        keep="correlation " + " ".join(names[:3]),
        hover="closest",
        margin={"l": 14 + 8 * widest, "r": 10, "t": 6, "b": 20 + 7 * widest if upright else 26},
    )


def pair_info(names: tuple[str, str], found: RollingCorrelation) -> PairInfo:
    rows = np.unique(np.linspace(0, len(found.time) - 1, min(len(found.time), LINE_POINTS)).astype(int))
    x, y = found.first, found.second
    variance = float(np.var(x))
    slope = float(np.mean((x - x.mean()) * (y - y.mean())) / variance) if variance > 0 else float("nan")
    return PairInfo(
        names=names,
        time=base.times(found.time)[rows],
        rolling=found.rolling[rows],
        window=found.window,
        whole=found.whole,
        x=x[-POINTS:],
        y=y[-POINTS:],
        total=len(x),
        slope=slope,
        intercept=float(y.mean()) - slope * float(x.mean()),
    )


def rolling_figure(info: PairInfo) -> go.Figure:
    """The correlation in the window over time, and that of all returns as a dotted line."""
    import plotly.graph_objects as go

    ends = info.time[[0, -1]]
    traces = [
        go.Scatter(
            x=info.time, y=base.values(info.rolling), name=f"{info.window} returns", mode="lines",
            line={"color": base.SERIES[0], "width": 1.4}, hovertemplate="%{y:.2f}",
            showlegend=False,
        ),
    ]  # fmt: skip
    if info.whole is not None:
        traces.append(
            go.Scatter(
                x=ends, y=[info.whole, info.whole], name="All", mode="lines", hovertemplate="%{y:.2f}",
                showlegend=False,
                line={"color": base.MUTED, "width": 1, "dash": "dot"},
            )
        )  # fmt: skip
    return base.figure(
        traces,
        x=base.time_axis(intraday=base.has_hours(info.time)),
        y=base.value_axis(range=[-1.05, 1.05], tickformat=".1f", zeroline=True),
        keep=f"rolling correlation {info.names} {info.window}",
    )


def scatter_figure(info: PairInfo) -> go.Figure:
    """Return against return, with the least squares line."""
    import plotly.graph_objects as go

    traces = [
        go.Scatter(
            x=info.x, y=info.y, name="Returns", mode="markers", showlegend=False,
            marker={"color": base.tint(base.SERIES[0], 45), "size": 4},
            hovertemplate=f"{info.names[0]} %{{x:+.2%}}<br>{info.names[1]} %{{y:+.2%}}<extra></extra>",
        ),
    ]  # fmt: skip
    if np.isfinite(info.slope):
        ends = np.array([info.x.min(), info.x.max()])
        traces.append(
            go.Scatter(
                x=ends, y=info.intercept + info.slope * ends, name="Least squares", mode="lines", hoverinfo="skip",
                line={"color": base.TEXT, "width": 1.2}, showlegend=False,
            )
        )  # fmt: skip
    return base.figure(
        traces,
        x={
            "tickformat": ".0%" if np.ptp(info.x) > 0.05 else ".1%",
            "nticks": 7,
            "zeroline": True,
            "title": {"text": info.names[0]},
        },
        y=base.value_axis(info.names[1], tickformat=".0%" if np.ptp(info.y) > 0.05 else ".1%", zeroline=True),
        keep=f"scatter {info.names}",
        hover="closest",
        margin={**base.MARGIN, "b": 40, "l": 56},
    )
