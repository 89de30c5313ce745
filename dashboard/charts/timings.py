"""Timings of one piece of work on this machine over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.benchmark import colour
from engine.benchmarks.result import Floats, WorkloadResult

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class TimingsInfo:
    """``milliseconds`` (variants x measurements), NaN where not timed, at ``time`` in milliseconds since 1970."""

    variants: tuple[str, ...]
    titles: tuple[str, ...]
    time: Floats
    milliseconds: Floats


def info(measured: Sequence[tuple[float, WorkloadResult]]) -> TimingsInfo:
    """Of (seconds since 1970, result) pairs, the oldest first, at the largest size; the variants of the last one."""
    last = measured[-1][1]
    found = np.full((len(last.variants), len(measured)), np.nan)
    for column, (_, item) in enumerate(measured):
        for row, name in enumerate(last.variants):
            if name in item.variants:
                found[row, column] = 1e3 * item.median[item.variants.index(name), -1]
    return TimingsInfo(last.variants, last.titles, np.array([1e3 * when for when, _ in measured]), found)


def figure(info: TimingsInfo) -> go.Figure:
    """A line for each variant."""
    import plotly.graph_objects as go

    lines = [
        go.Scatter(
            x=info.time, y=info.milliseconds[row], mode="lines+markers", name=title,
            line={"color": colour(info.variants[row], row)}, marker={"size": 6},
            hovertemplate=f"{title}: %{{y:.3~g}} ms<extra></extra>",
        )
        for row, title in enumerate(info.titles)
    ]  # fmt: skip
    return base.figure(
        lines,
        x=base.time_axis(intraday=True, zone="UTC"),
        y=base.value_axis("ms", log=True),
        margin={**base.MARGIN, "l": 62},
        keep="timings",
    )
