"""One axis of a tuning: the score of its trials by the value that they had on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from dashboard.charts.tuning.history import chosen_trials
from dashboard.text.model_scores import TITLES, form_of
from dashboard.text.sweeps import AxisLabel
from engine.market.bars import Floats
from engine.models.tuning.result import TuningResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

_CLIP = 0.05  # of the worst scores lie below the axis


@dataclass(frozen=True, eq=False)
class SliceInfo:
    """Of complete trials the ``number`` from 1 on, the value ``x`` on the axis ``side``, which is searched by ratios if
    ``log``, and the ``score``; ``best`` is the place of the best of them.
    """

    metric: str
    side: AxisLabel
    log: bool
    number: NDArray[np.int64]
    x: Floats
    score: Floats
    best: int


def info(result: TuningResult, side: AxisLabel) -> SliceInfo:
    """The trials that are drawn (``history.chosen_trials``) by the axis ``side``."""
    axis = result.axes.index(side.path)
    chosen = chosen_trials(result)
    chosen = chosen[result.complete[chosen]]
    best = int(np.flatnonzero(chosen == result.best)[0])
    return SliceInfo(
        result.metric, side, result.log[axis], chosen + 1, result.values[chosen, axis], result.score[chosen], best
    )


def figure(info: SliceInfo) -> go.Figure:
    """A dot a trial, later ones stronger, and a ring around the best."""
    import plotly.graph_objects as go

    title, form = TITLES[info.metric], form_of(info.metric, info.score)
    texts = [f"trial {number:,}<br>{info.side.title} {info.side.text(value, 4)}"
             for number, value in zip(info.number.tolist(), info.x.tolist(), strict=True)]  # fmt: skip
    scale = [[0.0, base.tint(base.SERIES[0], 22)], [1.0, base.tint(base.SERIES[0], 95)]]
    dots = go.Scatter(
        x=info.x, y=base.values(info.score), mode="markers", name="Trial", text=texts, customdata=info.number,
        marker={"size": 6, "color": info.number.astype(np.float64), "colorscale": scale, "showscale": False},
        hovertemplate=f"%{{text}}<br><b>{title} %{{y:{form}}}</b><extra></extra>", showlegend=False,
    )  # fmt: skip
    at = info.x[info.best : info.best + 1], base.values(info.score[info.best : info.best + 1])
    ring = go.Scatter(
        x=at[0], y=at[1], mode="markers", name="Best", hoverinfo="skip",
        marker={"symbol": "circle-open", "size": 13, "color": base.TEXT, "line": {"width": 1.6}},
    )  # fmt: skip
    low, high = (float(end) for end in np.quantile(info.score, (0.0, 1.0)))
    return base.figure(
        [dots, ring],
        x=axis(info.side, info.x, info.log),
        y=base.value_axis(tickformat=form, nticks=6, range=base.span(low, high)),
        keep=f"slice {info.side.path}",
        hover="closest",
        margin={**base.MARGIN, "b": 40},
    )


def axis(side: AxisLabel, values: Floats, log: bool) -> dict[str, Any]:
    """An axis of a chart over the values of an axis of a search."""
    found: dict[str, Any] = {"title": {"text": side.name(), "standoff": 6}, "showspikes": False, "zeroline": False}
    if side.words:
        places = list(range(len(side.words)))
        return found | {"tickvals": places, "ticktext": list(side.words), "range": [-0.5, len(places) - 0.5]}
    if log:
        ends = [float(np.log10(values.min())), float(np.log10(values.max()))]
        room = 0.04 * (ends[1] - ends[0]) or 0.1
        shape = {"type": "log", "tickformat": base.PLAIN, "range": [ends[0] - room, ends[1] + room]}
        return found | shape | {"dtick": "D2" if ends[1] - ends[0] < 2 else 1}
    return found | ({"tickformat": ".3~%"} if side.percent else {"tickformat": base.PLAIN})
