"""Distance of a price below its running high, with the deepest drawdowns marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from dashboard.charts.equity import thin
from engine.backtest.metrics import drawdown
from engine.backtest.reports.drawdowns import Drawdown
from engine.market.bars import Floats, Times

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 2_000
MARKED = 3
"""The deepest drawdowns that are marked from their high to their recovery."""


@dataclass(frozen=True, eq=False)
class UnderwaterInfo:
    """``time`` in milliseconds since 1970, ``fall`` zero or negative; ``spells`` are (from, to) of those marked."""

    time: Floats
    fall: Floats
    spells: tuple[tuple[float, float], ...]


def info(time: Times, close: Floats, deepest: Sequence[Drawdown]) -> UnderwaterInfo:
    """What is drawn of positive closes and of their ``deepest`` drawdowns, deepest first."""
    moments, fall = base.times(time), drawdown(close, float(close[0]))
    shown = thin(moments, fall, POINTS)
    last = time[-1]
    spells = [base.times(np.array([item.start, item.end or last])) for item in deepest[:MARKED]]
    return UnderwaterInfo(moments[shown], fall[shown], tuple((float(a), float(b)) for a, b in spells))


def figure(info: UnderwaterInfo, *, keep: str) -> go.Figure:
    """One filled line, the deepest spells shaded."""
    import plotly.graph_objects as go

    line = go.Scatter(
        x=info.time, y=base.values(info.fall), name="Drawdown", mode="lines", fill="tozeroy",
        line={"color": base.LOSS, "width": 1.2}, fillcolor=base.tint(base.LOSS, 16), hovertemplate="%{y:.2%}",
    )  # fmt: skip
    shades = [base.spell(first, last) for first, last in info.spells]
    return base.figure(
        [line],
        x=base.time_axis(intraday=base.has_hours(info.time)),
        y=base.value_axis(tickformat="~%", nticks=6, rangemode="tozero"),
        keep=f"underwater {keep}",
        shapes=shades,
    )
