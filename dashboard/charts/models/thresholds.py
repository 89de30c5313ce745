"""A model at each threshold: the measures of its calls, and the account that followed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts import base
from engine.backtest.thresholds.result import ThresholdResult
from engine.market.bars import Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

MEASURES = (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1"), ("mcc", "Matthews correlation"))


@dataclass(frozen=True, eq=False)
class ThresholdsInfo:
    """``measures`` by title over ``thresholds``, the one ``chosen``, and that of the ``training`` rows."""

    thresholds: Floats
    measures: dict[str, Floats]
    chosen: float
    training: float


@dataclass(frozen=True, eq=False)
class FollowedInfo:
    """Growth of 1 at ``time`` (ms since 1970): of the threshold ``chosen``, of those that training rows choose
    (``training``), and of buy and hold (``held``).
    """

    time: Floats
    chosen: Floats
    training: Floats
    held: Floats
    threshold: float


def measures_info(result: ThresholdResult, place: int) -> ThresholdsInfo:
    measures = {title: getattr(result.tried, name) for name, title in MEASURES}
    return ThresholdsInfo(result.thresholds, measures, float(result.thresholds[place]), result.typical)


def followed_info(result: ThresholdResult, place: int) -> FollowedInfo:
    own, training = result.tried.equity[place], result.by_training.equity[0]
    curves = (curve / result.capital for curve in (own, training, result.benchmark))
    return FollowedInfo(base.times(result.time), *curves, float(result.thresholds[place]))


def measures(info: ThresholdsInfo) -> go.Figure:
    """A line a measure; the chosen threshold is solid, that of the training rows dotted."""
    import plotly.graph_objects as go

    traces = [
        go.Scatter(
            x=info.thresholds, y=base.values(found), name=title, mode="lines",
            line={"color": base.SERIES[place], "width": 1.8}, hovertemplate="%{y:.3f}",
        )
        for place, (title, found) in enumerate(info.measures.items())
    ]  # fmt: skip
    figure = base.figure(
        traces,
        x={
            "tickformat": ".3~f",
            "nticks": 7,
            "title": {"text": "Threshold"},
            "unifiedhovertitle": {"text": "%{x:.3f}"},
        },
        y=base.value_axis(tickformat=".1f", nticks=6, zeroline=True),
        keep="thresholds",
    )  # fmt: skip
    figure.add_vline(x=info.training, line={"color": base.MUTED, "width": 1.2, "dash": "dot"}, layer="below")
    return figure.add_vline(x=info.chosen, line={"color": base.TEXT, "width": 1.2}, layer="below")


def followed(info: FollowedInfo) -> go.Figure:
    """Three lines of growth, the chosen threshold in front."""
    import plotly.graph_objects as go

    lines = [
        ("Buy and hold", info.held, base.SERIES[4], 1.2, None),
        ("Chosen by training rows", info.training, base.MUTED, 1.5, "dot"),
        (f"Threshold {info.threshold:g}", info.chosen, base.SERIES[0], 1.8, None),
    ]
    traces = [
        go.Scatter(
            x=info.time, y=base.values(growth), name=name, line={"color": colour, "width": width, "dash": dash},
            hovertemplate="%{y:.3f}",
        )
        for name, growth, colour, width, dash in lines
    ]  # fmt: skip
    every = np.concatenate([info.chosen, info.training, info.held])
    return base.figure(
        traces,
        x=base.time_axis(intraday=base.has_hours(info.time)),
        y=base.growth_axis(every, log=bool((every > 0).all())),
        keep="threshold-equity",
    )
