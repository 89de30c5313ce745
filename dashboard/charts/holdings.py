"""Weights through time, stacked: longs upwards, shorts downwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.backtest.reports.holdings import Holdings
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS, NAMED = 600, 8
"""Bars that are drawn, and symbols that have a colour of their own; the others are one."""
_COLOURS = (*base.SERIES, base.WARN, base.BAD)


@dataclass(frozen=True, eq=False)
class HoldingsInfo:
    """``time`` in milliseconds since 1970; for each name of ``names`` its ``weights`` (points, names) at these bars;
    ``cash`` likewise.
    """

    time: Floats
    names: tuple[str, ...]
    weights: Floats
    cash: Floats


def info(held: Holdings, first: int = 0, stop: int | None = None) -> HoldingsInfo:
    """What is drawn of the bars [``first``, ``stop``) of ``held``: of more than ``POINTS`` every so many. The symbols
    with the largest mean weight come first.
    """
    stop = len(held.time) if stop is None else stop
    chosen = np.unique(np.linspace(first, stop - 1, min(stop - first, POINTS)).round().astype(int))
    weights = held.weights[chosen]
    size = np.abs(held.weights[first:stop]).mean(axis=0)
    order = [at for at in np.argsort(-size, kind="stable").tolist() if size[at] > 0]
    named, others = (order, []) if len(order) <= NAMED else (order[: NAMED - 1], order[NAMED - 1 :])
    columns, names = [weights[:, at] for at in named], [held.symbols[at] for at in named]
    if others:
        columns.append(weights[:, others].sum(axis=1))
        names.append(f"{len(others)} others")
    drawn = np.column_stack(columns) if columns else np.zeros((len(chosen), 0))
    return HoldingsInfo(base.times(held.time[chosen]), tuple(names), drawn, held.cash[chosen])


def figure(info: HoldingsInfo) -> go.Figure:
    """A band a symbol; what is sold short lies below zero. The cash is told on hover."""
    import plotly.graph_objects as go

    traces = []
    for side, group in ((1, "long"), (-1, "short")):
        for index, name in enumerate(info.names):
            weight = info.weights[:, index]
            if side < 0 and not (weight < 0).any():
                continue
            colour = _COLOURS[index % len(_COLOURS)]
            traces.append(
                go.Scatter(
                    x=info.time, y=base.values(np.clip(weight * side, 0, None) * side), name=name, stackgroup=group,
                    mode="lines", line={"color": colour, "width": 0.5}, fillcolor=base.tint(colour, 62),
                    legendgroup=name, showlegend=side > 0, hovertemplate="%{y:.1%}",
                )
            )  # fmt: skip
    cash = go.Scatter(
        x=info.time, y=base.values(info.cash), name="Cash", mode="lines", hovertemplate="%{y:.1%}",
        line={"color": base.MUTED, "width": 1, "dash": "dot"},
    )  # fmt: skip
    return base.figure(
        [*traces, cash],
        x=base.time_axis(intraday=base.has_hours(info.time)),
        y=base.value_axis(tickformat=".0%", nticks=6, zeroline=True),
        keep="holdings",
    )
