"""Equity of a run, that of its repetition by another program, and their difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.equity import POINTS, thin
from engine.backtest.crosscheck.comparison import Crosscheck
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

PENNY = 0.01
"""The axis of the differences shows no less than this on either side: rounding is no picture."""


@dataclass(frozen=True, eq=False)
class CrosscheckInfo:
    """``time`` float64 ms since 1970, both equities, and ``apart``, the other's less ours, in ``currency``."""

    time: Floats
    ours: Floats
    theirs: Floats
    apart: Floats
    currency: str


def info(found: Crosscheck) -> CrosscheckInfo:
    """What is drawn of a cross-check; thinned, but for each curve's highest and lowest."""
    time, apart = base.times(found.time), found.other_curve - found.curve
    curves = (found.curve, found.other_curve, apart)
    index = np.unique(np.concatenate([thin(time, values, POINTS) for values in curves]))
    return CrosscheckInfo(time[index], found.curve[index], found.other_curve[index], apart[index], found.currency)


def figure(info: CrosscheckInfo) -> go.Figure:
    """Both above, one dashed upon the other; the difference below."""
    import plotly.graph_objects as go

    lines = (
        ("Stratoscope", info.ours, {"color": base.SERIES[0], "width": 2.4}, "y"),
        ("Backtrader", info.theirs, {"color": base.TEXT, "width": 1.2, "dash": "dash"}, "y"),
        ("Difference", info.apart, {"color": base.LOSS, "width": 1.2}, "y2"),
    )
    traces = [
        go.Scatter(
            x=info.time, y=values, name=name, line=line, yaxis=axis,
            hovertemplate=f"%{{y:,.2f}} {info.currency}",
        )
        for name, values, line, axis in lines
    ]  # fmt: skip
    most = max(PENNY, 1.1 * float(np.abs(info.apart).max(initial=0.0)))
    below = base.value_axis(tickformat=",.3~g", nticks=3, range=[-most, most])
    axis = base.value_axis(tickformat="~s")
    return base.figure(traces, x=base.time_axis(), y=axis, panes=[(below, 0.22)], keep="crosscheck")
