"""The roofline of a machine: what its arithmetic and its memory allow, and what each workload reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.charts import base
from dashboard.charts.benchmark import colour
from engine.benchmarks.result import BenchmarkResult, Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class Roof:
    """``compute`` in GFLOP/s, ``memory`` and ``cache`` in GB/s."""

    title: str
    compute: float
    memory: float
    cache: float


@dataclass(frozen=True, eq=False)
class RooflineInfo:
    """Points by ``intensity`` (FLOP a byte) and ``reached`` (GFLOP/s), each with its work and variant."""

    roofs: tuple[Roof, ...]
    work: tuple[str, ...]
    variants: tuple[str, ...]
    titles: tuple[str, ...]
    intensity: Floats
    reached: Floats


def info(result: BenchmarkResult) -> RooflineInfo:
    """The highest ceilings in float32 of the CPU and the GPU, or in what else was measured, and every timing of work
    whose operations and bytes are counted.
    """
    points = [
        (item.labels[size], item.variants[row], item.titles[row], item.arithmetic[size] / item.traffic[size],
         item.arithmetic[size] / item.median[row, size] / 1e9)
        for item in result.results
        for size in range(len(item.arithmetic))
        for row in range(len(item.variants))
        if item.arithmetic[size] > 0 and item.traffic[size] > 0 and np.isfinite(item.median[row, size])
    ]  # fmt: skip
    work, variants, titles, intensity, reached = zip(*points, strict=True) if points else ((), (), (), (), ())
    return RooflineInfo(_roofs(result), work, variants, titles, np.array(intensity), np.array(reached))


def _roofs(result: BenchmarkResult) -> tuple[Roof, ...]:
    found = []
    for name, is_gpu in (("CPU", False), ("GPU", True)):
        for number in sorted({item.number for item in result.ceilings if item.is_gpu == is_gpu}):
            near = [item for item in result.ceilings if (item.is_gpu, item.number) == (is_gpu, number)]
            best = [max(getattr(item, field) for item in near) / 1e9 for field in ("compute", "memory", "cache")]
            found.append(Roof(f"{name} {number}", *best))
    return tuple(found)


def figure(info: RooflineInfo) -> go.Figure:
    """Both axes logarithmic; a line for each roof, dotted where all fits the cache, and a point for each timing."""
    import plotly.graph_objects as go

    low, high = min([0.1, *info.intensity / 2]), max([100.0, *info.intensity * 2])
    x = np.geomspace(low, high, 60)
    lines = [line for place, roof in enumerate(info.roofs) for line in _lines(roof, x, place)]
    points = [
        go.Scatter(
            x=info.intensity[chosen], y=info.reached[chosen], mode="markers", name=title,
            marker={"size": 9, "color": colour(name, 0)}, text=[info.work[index] for index in np.flatnonzero(chosen)],
            hovertemplate="%{text}<br>" + title + ": %{y:.3~s} GFLOP/s at %{x:.2~g} FLOP/byte<extra></extra>",
        )
        for name, title in dict(zip(info.variants, info.titles, strict=True)).items()
        for chosen in [np.array([item == name for item in info.variants])]
    ]  # fmt: skip
    return base.figure(
        [*lines, *points],
        x={"type": "log", "title": {"text": "FLOP per byte"}, "tickformat": base.PLAIN, "dtick": 1},
        y={"type": "log", "title": {"text": "GFLOP/s"}, "tickformat": base.PLAIN, "dtick": 1, "fixedrange": True},
        margin={**base.MARGIN, "l": 62, "b": 40},
        keep="roofline",
        hover="closest",
    )


def _lines(roof: Roof, x: Floats, place: int) -> list[Any]:
    import plotly.graph_objects as go

    kinds = (("memory", roof.memory, "solid"), ("cache", roof.cache, "dot"))
    return [
        go.Scatter(
            x=x, y=np.minimum(roof.compute, bandwidth * x), mode="lines", name=f"{roof.title}, {kind}",
            line={"color": base.MUTED if place == 0 else base.SERIES[place % len(base.SERIES)], "dash": dash},
            hovertemplate=f"{roof.title}: at most {roof.compute:,.0f} GFLOP/s, {bandwidth:,.1f} GB/s from {kind}"
            "<extra></extra>",
        )
        for kind, bandwidth, dash in kinds
    ]  # fmt: skip
