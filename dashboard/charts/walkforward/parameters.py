"""The path of the chosen parameters through the windows: flat is steady, jumping is fitted to noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts import base
from dashboard.text.sweeps import AxisLabel
from engine.backtest.walkforward.result import WalkForwardResult
from engine.market.bars import Floats

_DAY = 86_400_000.0
_GAP = 0.04  # as base.figure leaves between panes


@dataclass(frozen=True, eq=False)
class Path:
    """One parameter: ``chosen`` in each window (NaN for none), the ends of its axis, and what ``hindsight`` takes."""

    side: AxisLabel
    chosen: Floats
    low: float
    high: float
    hindsight: float


@dataclass(frozen=True, eq=False)
class PathsInfo:
    """A path for each axis; ``start`` and ``stop`` of the tests in ms since 1970."""

    paths: tuple[Path, ...]
    start: Floats
    stop: Floats


def info(result: WalkForwardResult, sides: Sequence[AxisLabel]) -> PathsInfo:
    """What is drawn of ``result``, whose axes are ``sides``."""
    paths = tuple(
        Path(side, result.parameters[:, axis], result.values[axis][0], result.values[axis][-1],
             float(result.hindsight_parameters[axis]))
        for axis, side in enumerate(sides)
    )  # fmt: skip
    return PathsInfo(paths, base.times(result.test_first), base.times(result.test_last) + _DAY)


def figure(info: PathsInfo) -> go.Figure:
    """A pane for each parameter, from the least to the largest value that was tried."""
    count = len(info.paths)
    share = (1 - _GAP * (count - 1)) / count
    panes = [(_axis(path, count), share) for path in info.paths[1:]]
    traces = [trace for place, path in enumerate(info.paths) for trace in _traces(info, path, place)]
    titles = [
        {"text": path.side.name(), "x": 0.004, "xref": "paper", "y": 1 - place * (share + _GAP), "yref": "paper",
         "xanchor": "left", "yanchor": "top", "showarrow": False, "font": {"size": 11.5, "color": base.MUTED}}
        for place, path in enumerate(info.paths)
    ]  # fmt: skip
    return base.figure(
        traces,
        x={**base.time_axis(), "range": [float(info.start[0]), float(info.stop[-1])]},
        y=_axis(info.paths[0], count),
        panes=panes,
        keep="walkforward-paths",
        hover="closest",
        annotations=titles,
    )


def _axis(path: Path, count: int) -> dict[str, Any]:
    room = 0.12 * (path.high - path.low or 1)
    axis = base.value_axis(range=[path.low - room, path.high + 2.4 * room], nticks=max(6 - count, 3), zeroline=False)
    if path.side.words:
        places = range(int(path.low), int(path.high) + 1)
        return axis | {"tickvals": list(places), "ticktext": [path.side.text(place) for place in places]}
    return axis | ({"tickformat": ".3~%"} if path.side.percent else {"tickformat": ",.6~g"})


def _traces(info: PathsInfo, path: Path, place: int) -> list[go.Scatter]:
    axis = "y" if place == 0 else f"y{place + 1}"
    x = np.column_stack([info.start, info.stop, np.full(len(info.start), np.nan)]).ravel()
    y = np.column_stack([path.chosen, path.chosen, np.full(len(path.chosen), np.nan)]).ravel()
    text = np.repeat([path.side.text(value) if value == value else "none" for value in path.chosen], 3)
    number = np.repeat(np.arange(1, len(path.chosen) + 1), 3)
    joined = go.Scatter(
        x=np.column_stack([info.start, info.stop]).ravel(), y=np.repeat(path.chosen, 2), yaxis=axis, mode="lines",
        line={"color": base.tint(base.SERIES[0], 35), "width": 1}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    chosen = go.Scatter(
        x=x, y=y, yaxis=axis, name="Chosen", showlegend=place == 0, legendgroup="chosen", mode="lines",
        line={"color": base.SERIES[0], "width": 3}, customdata=np.column_stack([number, text]),
        hovertemplate="window %{customdata[0]}: %{customdata[1]}<extra></extra>",
    )  # fmt: skip
    if path.hindsight != path.hindsight:
        return [joined, chosen]
    best = go.Scatter(
        x=[float(info.start[0]), float(info.stop[-1])], y=[path.hindsight] * 2, yaxis=axis, name="Best in hindsight",
        showlegend=place == 0, legendgroup="hindsight", mode="lines",
        line={"color": base.SERIES[3], "width": 1.2, "dash": "dot"},
        hovertemplate=f"best in hindsight: {path.side.text(path.hindsight)}<extra></extra>",
    )  # fmt: skip
    return [best, joined, chosen]
