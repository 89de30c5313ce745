"""Distribution of one metric over all combinations of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts import base
from dashboard.charts.sweep import FORMATS
from dashboard.text.format import number, signed_percent
from engine.backtest.metrics import METRICS
from engine.market.bars import Floats

BINS = 60
_CLIP = 0.002  # of the values at each end are in the last bin
_SIGNED = ("total_return", "sharpe", "calmar")


@dataclass(frozen=True, eq=False)
class SweepDistributionInfo:
    """``counts`` of combinations between ``edges``; ``expected_maximum`` is that of trials without skill."""

    metric: str
    edges: Floats
    counts: Floats
    median: float
    best: float | None
    expected_maximum: float | None
    positive: float
    total: int


def info(
    metric: str, values: Floats, expected_maximum: float | None = None, best: bool = True
) -> SweepDistributionInfo | None:
    """What is drawn of ``values``, one a combination, the ``best`` marked or not; None where none is known."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = (float(value) for value in np.quantile(known, [_CLIP, 1 - _CLIP]))
    if not high > low:
        low, high = low - (abs(low) * 0.05 or 0.5), high + (abs(high) * 0.05 or 0.5)
    edges = np.linspace(low, high, min(BINS, max(8, int(np.sqrt(len(known)) * 1.5))) + 1)
    if metric in _SIGNED and low < 0 < high:  # an edge at zero, so that no bar is both gain and loss
        edges -= edges[np.argmin(np.abs(edges))]
    counts = np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0].astype(np.float64)
    middle, most = float(np.median(known)), float(known.max()) if best else None
    return SweepDistributionInfo(
        metric, edges, counts, middle, most, expected_maximum, float((known > 0).mean()), len(known)
    )


def figure(info: SweepDistributionInfo) -> go.Figure:
    """Bars, with lines at zero, the median, the best, and what expected_maximum reaches."""
    middle, width = (info.edges[1:] + info.edges[:-1]) / 2, float(info.edges[1] - info.edges[0])
    signed = info.metric in _SIGNED
    plain = base.tint(base.LOSS if info.metric == "max_drawdown" else base.SERIES[0], 70)
    colours = [base.tint(base.GAIN if at > 0 else base.LOSS, 70) if signed else plain for at in middle]
    form, title = FORMATS[info.metric], METRICS[info.metric].title
    bars = go.Bar(
        x=middle, y=info.counts, width=width, marker={"color": colours, "line": {"width": 0}}, name="Combinations",
        showlegend=False, hovertemplate=f"{title} %{{x:{form}}}: %{{y:,d}} combinations<extra></extra>",
    )  # fmt: skip
    lines = [("median", info.median, base.TEXT, 1.0)]
    if info.best is not None:
        lines.append(("best", info.best, base.TEXT, 0.92))
    if info.expected_maximum is not None:
        lines.append(("expected max", info.expected_maximum, base.WARN, 0.84))
    ends = float(info.edges[0]), float(info.edges[-1])
    near = [at for _, at, _, _ in lines if -2 * (ends[1] - ends[0]) < at - ends[0] < 3 * (ends[1] - ends[0])]
    ends = min(*ends, *near), max(*ends, *near)  # what lies far out is named at the rim, or the bars would be a line
    room, centre = 0.04 * (ends[1] - ends[0]), (ends[0] + ends[1]) / 2
    drawn = [
        _mark(f"{name} {_text(info.metric, at)}", at, colour, height, at > centre)
        for name, at, colour, height in lines
        if ends[0] <= at <= ends[1]
    ]
    outside = [_outside(name, _text(info.metric, at), at < ends[0]) for name, at, _, _ in lines if at not in near]
    zero = [_rule(0.0, base.LINE_STRONG, 1.0, "solid")] if signed and ends[0] - room <= 0 <= ends[1] + room else []
    return base.figure(
        [bars],
        x={"tickformat": form.replace("+", ""), "nticks": 6, "tickangle": 0, "showspikes": False, "showgrid": False,
           "range": [ends[0] - room, ends[1] + room]},
        y=base.value_axis(range=[0, 1.25 * float(info.counts.max())], nticks=5),
        keep=f"spread-{info.metric}",
        hover="closest",
        bargap=0.08,
        shapes=[*zero, *(shape for shape, _ in drawn)],
        annotations=[*(label for _, label in drawn), *outside],
    )  # fmt: skip


def _text(metric: str, value: float) -> str:
    if FORMATS[metric].endswith("%"):
        return signed_percent(value, 1)
    return number(value, 0 if metric == "trades" else 2)


def _rule(at: float, colour: str, height: float, dash: str) -> dict[str, Any]:
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": height, "yref": "paper",
            "line": {"color": colour, "width": 1.2, "dash": dash}}  # fmt: skip


def _mark(text: str, at: float, colour: str, height: float, left: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """A vertical line, and the words beside its upper end, to its left where there is no room on its right."""
    label = {
        "x": at, "y": height, "yref": "paper", "text": text, "showarrow": False, "yanchor": "top",
        "xanchor": "right" if left else "left", "xshift": -4 if left else 4, "font": {"size": 11, "color": colour},
        "bgcolor": base.tint(base.SURFACE, 70),
    }  # fmt: skip
    return _rule(at, colour, height, "dot" if colour == base.WARN else "solid"), label


def _outside(name: str, text: str, left: bool) -> dict[str, Any]:
    """Words at the rim for what lies beyond it."""
    return {
        "x": 0 if left else 1, "xref": "paper", "y": 0.84, "yref": "paper", "yanchor": "top", "showarrow": False,
        "xanchor": "left" if left else "right", "text": f"\u2190 {name} {text}" if left else f"{name} {text} \u2192",
        "font": {"size": 11, "color": base.WARN},
    }  # fmt: skip
