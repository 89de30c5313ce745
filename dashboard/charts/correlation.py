"""Correlation of the bar returns of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.text.format import number
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class CorrelationInfo:
    """``values`` is (runs, runs), NaN where a run never moved; ``names`` in full, ``marks`` as the axes show them."""

    names: tuple[str, ...]
    marks: tuple[str, ...]
    values: Floats


def info(names: Sequence[str], values: Floats) -> CorrelationInfo:
    """What is drawn for the matrix ``values`` of the runs ``names``."""
    return CorrelationInfo(tuple(names), tuple(_short(name) for name in names), values)


def figure(info: CorrelationInfo) -> go.Figure:
    """A square of numbers on their colours, from opposite to equal."""
    import plotly.graph_objects as go

    count = len(info.names)
    pairs = [[f"{row}<br>{column}" for column in info.names] for row in info.names]
    text = [["" if np.isnan(value) else number(value, 2) for value in row] for row in info.values]
    cells = go.Heatmap(
        z=info.values, x=list(range(count)), y=list(range(count)), zmin=-1, zmax=1, **base.printed(12),
        text=text, texttemplate="%{text}", customdata=pairs,
        hovertemplate="%{customdata}<br>%{z:.3f}<extra></extra>", hoverongaps=False,
    )  # fmt: skip
    places = {"tickvals": list(range(count)), "ticktext": list(info.marks), "showgrid": False, "zeroline": False}
    return base.figure(
        [cells],
        x={**places, "showline": False, "side": "bottom", "tickangle": 0 if sum(map(len, info.marks)) <= 36 else -35},
        y={**places, "autorange": "reversed", "fixedrange": True},
        keep="correlation",
        hover="closest",
    )


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:17]}…"
