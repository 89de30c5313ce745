"""Log loss after each round: so far while a model trains, and with the round that was kept afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import model_validator

from dashboard.charts import base
from engine.core.spec import Spec
from engine.market.bars import Floats
from engine.models.result import ModelResult

if TYPE_CHECKING:
    import plotly.graph_objects as go


class Partial(Spec):
    """The preview that a training job reports: thinned ``rounds``, and the losses after them.

    It reaches the charts by way of the browser, so it is parsed like any request.
    """

    rounds: tuple[int, ...]
    train: tuple[float, ...]
    validation: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _of_one_length(self) -> Partial:
        if len(self.train) != len(self.rounds) or len(self.validation) not in (0, len(self.rounds)):
            raise ValueError("A loss curve has one loss a round.")
        return self


@dataclass(frozen=True, eq=False)
class LossInfo:
    """Mean log loss in nats after each of ``rounds``; ``validation`` is empty without validation rows.

    ``best_round`` is the number of rounds that the model keeps and ``best_loss`` its loss then, on the validation rows
    where there are any; both are None while it trains.
    """

    rounds: Floats
    train: Floats
    validation: Floats
    best_round: int | None = None
    best_loss: float | None = None


def info(result: ModelResult) -> LossInfo:
    """The whole curve of a trained model."""
    watched = result.validation_loss if len(result.validation_loss) else result.train_loss
    return LossInfo(
        rounds=np.arange(1.0, len(result.train_loss) + 1),
        train=result.train_loss,
        validation=result.validation_loss,
        best_round=result.best_round,
        best_loss=float(watched[result.best_round - 1]),
    )


def live(partial: object) -> LossInfo:
    """The curve so far, from a job's progress. Raises ``SpecError`` for anything else."""
    curve = Partial.parse(partial)
    return LossInfo(np.array(curve.rounds, float), np.array(curve.train), np.array(curve.validation))


def figure(info: LossInfo) -> go.Figure:
    """One line a part of the rows, and a mark where the model was cut."""
    import plotly.graph_objects as go

    lines = [("Training", info.train, base.SERIES[0]), ("Validation", info.validation, base.SERIES[1])]
    traces = [
        go.Scatter(
            x=info.rounds, y=base.values(loss), name=name, line={"color": colour, "width": 1.8},
            mode="lines" if len(loss) > 1 else "markers", hovertemplate="%{y:.4f}",
        )
        for name, loss, colour in lines
        if len(loss)
    ]  # fmt: skip
    if info.best_round is not None:
        traces.append(_mark(info))
    figure = base.figure(
        traces,
        x={"title": {"text": "round"}, "rangemode": "tozero", "unifiedhovertitle": {"text": "round %{x:,d}"}},
        y=base.value_axis(tickformat=".3f", nticks=6),
        keep="loss",
    )
    if info.best_round is not None:
        figure.add_vline(
            x=info.best_round, line={"color": base.MUTED, "width": 1, "dash": "dot"}, layer="below",
            annotation={"text": f"round {info.best_round:,} kept", "yanchor": "top"},
            annotation_position="top right" if info.best_round < 0.7 * len(info.rounds) else "top left",
        )  # fmt: skip
    return figure


def _mark(info: LossInfo) -> go.Scatter:
    import plotly.graph_objects as go

    ring = {"size": 9, "color": base.SURFACE, "line": {"color": base.TEXT, "width": 1.8}}
    return go.Scatter(
        x=[info.best_round], y=[info.best_loss], name="Best round", mode="markers", marker=ring, showlegend=False,
        hovertemplate="%{y:.4f}",
    )  # fmt: skip
