"""Loss after each step: so far while a model trains, and with the step that was kept afterwards."""

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


class Done(Spec):
    """A fold that is trained, numbered from 1 on, and its headline score."""

    fold: int
    score: float | None


class Partial(Spec):
    """The preview that a training job reports: thinned ``steps``, and the losses after them; the folds that are done,
    ``of`` so many, with the ``score`` that is told; and that score of the null models so far.

    It reaches the charts by way of the browser, so it is parsed like any request.
    """

    steps: tuple[int, ...] = ()
    train: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()
    folds: tuple[Done, ...] = ()
    of: int = 1
    score: str = ""
    nulls: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _of_one_length(self) -> Partial:
        if len(self.train) != len(self.steps) or len(self.validation) not in (0, len(self.steps)):
            raise ValueError("A loss curve has one loss a step.")
        if not self.steps and not self.folds:
            raise ValueError("A preview has a loss curve, or folds.")
        return self


@dataclass(frozen=True, eq=False)
class LossInfo:
    """Mean loss after each of ``steps``, called a ``step`` each; ``validation`` is empty without validation rows.

    ``is_squared`` is a mean squared error in the square of the label's unit, else it is a log loss in nats.
    ``best_step`` is the number of steps that the model keeps and ``best_loss`` its loss then, on the validation rows
    where there are any; both are None while it trains.
    """

    steps: Floats
    train: Floats
    validation: Floats
    step: str = "step"
    is_squared: bool = False
    best_step: int | None = None
    best_loss: float | None = None


def info(result: ModelResult) -> LossInfo | None:
    """The whole curve of a trained model, that of the last fold; None for one that is not trained in steps."""
    fold = result.newest
    if fold.best_step is None or not len(fold.train_loss):
        return None
    watched = fold.validation_loss if len(fold.validation_loss) else fold.train_loss
    return LossInfo(
        steps=np.arange(1.0, len(fold.train_loss) + 1),
        train=fold.train_loss,
        validation=fold.validation_loss,
        step=result.step,
        is_squared=result.task == "regression",
        best_step=fold.best_step,
        best_loss=float(watched[fold.best_step - 1]),
    )


def live(partial: object) -> LossInfo | None:
    """The curve so far, from a job's progress; None where there is none. Raises ``SpecError`` for anything else."""
    curve = Partial.parse(partial)
    if not curve.steps:
        return None
    return LossInfo(np.array(curve.steps, float), np.array(curve.train), np.array(curve.validation))


def figure(info: LossInfo) -> go.Figure:
    """One line a part of the rows, and a mark where the model was cut."""
    import plotly.graph_objects as go

    lines = [("Training", info.train, base.SERIES[0]), ("Validation", info.validation, base.SERIES[1])]
    traces = [
        go.Scatter(
            x=info.steps, y=base.values(loss), name=name, line={"color": colour, "width": 1.8},
            mode="lines" if len(loss) > 1 else "markers", hovertemplate=_hover(info),
        )
        for name, loss, colour in lines
        if len(loss)
    ]  # fmt: skip
    if info.best_step is not None:
        traces.append(_mark(info))
    figure = base.figure(
        traces,
        x={
            "title": {"text": info.step.capitalize()},
            "rangemode": "tozero",
            "unifiedhovertitle": {"text": f"{info.step.capitalize()} %{{x:,d}}"},
        },
        y=base.value_axis(tickformat=".3~g" if info.is_squared else ".3f", nticks=6),
        keep="loss",
    )
    if info.best_step is not None:
        figure.add_vline(
            x=info.best_step, line={"color": base.MUTED, "width": 1, "dash": "dot"}, layer="below",
            annotation={"text": f"best {info.step} {info.best_step:,}", "yanchor": "top"},
            annotation_position="top right" if info.best_step < 0.7 * len(info.steps) else "top left",
        )  # fmt: skip
    return figure


def _hover(info: LossInfo) -> str:
    """Squares of returns are small: digits that count instead of places."""
    return "%{y:.4~g}" if info.is_squared else "%{y:.4f}"


def _mark(info: LossInfo) -> go.Scatter:
    import plotly.graph_objects as go

    ring = {"size": 9, "color": base.SURFACE, "line": {"color": base.TEXT, "width": 1.8}}
    return go.Scatter(
        x=[info.best_step], y=[info.best_loss], name=f"Best {info.step}", mode="markers", marker=ring, showlegend=False,
        hovertemplate=_hover(info),
    )  # fmt: skip
