"""A benchmark at several sizes: the rate of each variant as the work grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.charts import base
from engine.benchmarks.result import Floats, WorkloadResult
from engine.benchmarks.workloads import SECONDS

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class ScalingInfo:
    """``rate``, ``low`` and ``high`` (variants x sizes) in ``unit``: at the median, the upper and the lower quartile of
    a call's seconds; NaN where a variant was not timed. ``sizes`` are values of ``axis``.
    """

    titles: tuple[str, ...]
    axis: str
    unit: str
    sizes: Floats
    rate: Floats
    low: Floats
    high: Floats


def info(result: WorkloadResult) -> ScalingInfo:
    """What is drawn for a result. A rate is inverse to the seconds of a call, and its own unit where it is a time."""
    slower, faster = (result.median / seconds for seconds in (result.upper, result.lower))
    is_time = result.unit == SECONDS.symbol
    return ScalingInfo(
        titles=result.titles,
        axis=result.axis,
        unit=result.unit,
        sizes=result.sizes,
        rate=result.rate,
        low=result.lower if is_time else result.rate * slower,
        high=result.upper if is_time else result.rate * faster,
    )


def figure(info: ScalingInfo) -> go.Figure:
    """A line for each variant over the size, both axes logarithmic; whiskers are quartiles."""
    import plotly.graph_objects as go

    lines = [
        go.Scatter(
            x=info.sizes, y=info.rate[row], mode="lines+markers", name=title,
            line={"color": base.SERIES[row % len(base.SERIES)]},
            error_y={"type": "data", "array": info.high[row] - info.rate[row],
                     "arrayminus": info.rate[row] - info.low[row], "thickness": 1.2},
            hovertemplate=f"{title}<br>{info.axis.lower()} %{{x:,}}: %{{y:.3~s}} {info.unit}<extra></extra>",
        )
        for row, title in enumerate(info.titles)
    ]  # fmt: skip
    return base.figure(
        lines,
        x={"type": "log", "title": {"text": info.axis}, "tickvals": info.sizes,
           "ticktext": [f"{size:,.0f}" for size in info.sizes]},
        y=base.value_axis(info.unit, log=True),
        margin={**base.MARGIN, "b": 40},
        keep="scaling",
        hover="closest",
    )  # fmt: skip
