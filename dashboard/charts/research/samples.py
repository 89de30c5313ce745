"""Histograms of simulated outcomes, with the run's own value marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

BINS = 48
_OUTER = 0.002  # of the samples on each side are in the outermost bins


@dataclass(frozen=True, eq=False)
class SamplesInfo:
    """Shares of the samples of each of ``names`` in the bins between ``edges``, one array each; ``marks`` are values
    and their words.
    """

    names: tuple[str, ...]
    edges: Floats
    shares: tuple[Floats, ...]
    marks: tuple[tuple[float, str], ...]


def info(samples: Sequence[tuple[str, Floats]], marks: Sequence[tuple[float | None, str]]) -> SamplesInfo:
    """Histograms on common bins that hold every mark; undefined marks are left out. At least one sample is needed."""
    known = tuple((float(value), label) for value, label in marks if value is not None and np.isfinite(value))
    ends = [np.quantile(values, (_OUTER, 1 - _OUTER)) for _, values in samples if len(values)]
    low = min([float(item[0]) for item in ends] + [value for value, _ in known])
    high = max([float(item[1]) for item in ends] + [value for value, _ in known])
    room = 0.02 * (high - low) or 0.5
    edges = np.linspace(low - room, high + room, BINS + 1)
    shares = [
        np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / max(len(values), 1) for _, values in samples
    ]
    return SamplesInfo(tuple(name for name, _ in samples), edges, tuple(shares), known)


def figure(info: SamplesInfo, *, number: str, keep: str) -> go.Figure:
    """``number`` is the axis format: ".0%" or ".1f"."""
    import plotly.graph_objects as go

    middle = (info.edges[1:] + info.edges[:-1]) / 2
    colours = (base.tint(base.ACCENT, 70), base.tint(base.MUTED, 45))
    traces = [
        go.Bar(
            x=middle, y=values, width=float(info.edges[1] - info.edges[0]), name=name, showlegend=len(info.names) > 1,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{x:{number}}}: %{{y:.1%}} of samples<extra></extra>",
        )
        for name, values, colour in zip(info.names, info.shares, colours, strict=False)
    ]  # fmt: skip
    middle_of_all = float(info.edges[0] + info.edges[-1]) / 2
    lines, notes = [], []
    for place, (value, text) in enumerate(info.marks):
        height = 1.0 - 0.14 * place
        left = value <= middle_of_all
        lines.append(
            {"type": "line", "x0": value, "x1": value, "y0": 0, "y1": height, "yref": "paper",
             "line": {"color": base.TEXT, "width": 1.4 if place == 0 else 1, "dash": "solid" if place == 0 else "dot"}}
        )  # fmt: skip
        notes.append(
            {"x": value, "y": height, "yref": "paper", "text": text, "showarrow": False, "yanchor": "top",
             "xanchor": "left" if left else "right", "xshift": 4 if left else -4,
             "font": {"size": 11, "color": base.TEXT}}
        )  # fmt: skip
    highest = max(float(values.max()) for values in info.shares)
    return base.figure(
        traces,
        x={"tickformat": _tick_format(info, number), "nticks": 5, "tickangle": 0, "showspikes": False},
        y=base.value_axis(range=[0, 1.3 * highest or 1], tickformat=".0%", nticks=4),
        keep=keep,
        hover="closest",
        barmode="overlay",
        bargap=0.04,
        shapes=lines,
        annotations=notes,
    )


def _tick_format(info: SamplesInfo, number: str) -> str:
    """The axis format with a decimal where whole percents would name neighbouring ticks alike."""
    return number.replace(".0%", ".1%") if info.edges[-1] - info.edges[0] < 0.06 else number
