"""Following the out-of-sample predictions of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from engine.core.registry import plugin
from engine.core.spec import RunSpec, parameter
from engine.market.bars import Bars
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec, StatedModel
from engine.strategies import Signals, Strategy


@plugin("follow_model", title="Follow a model")
class FollowModel(Strategy):
    """Long while a trained model predicts a rise with a high enough probability, short while it predicts a fall so; of
    several classes the highest is the rise and the lowest the fall.

    Only predictions for bars after the model's training part are followed; before them the strategy is flat. A
    prediction for bars of another interval or time zone is followed once its own bar has ended.
    """

    kind: Literal["follow_model"] = "follow_model"
    model: Annotated[StatedModel, Field(title="Model", json_schema_extra={"section": "Strategy"})]
    enter_above: float = parameter(
        0.55,
        title="Enter above",
        help="Probability of a rise at which to go long; of a fall, at which to go short. Below one half both can "
        "be so high: then neither is entered.",
        ge=0,
        le=1,
        step=0.01,
        section="Strategy",
    )
    exit_below: float = parameter(
        0.50,
        title="Exit below",
        help="Probability of a rise below which to sell; of a fall, below which to cover.",
        ge=0,
        le=1,
        step=0.01,
        section="Strategy",
    )

    path: int = parameter(
        1,
        title="Path",
        help="Out-of-sample path that is followed, of a combinatorial split, which has several.",
        ge=1,
        le=500,
        section="Strategy",
        seldom=True,
    )

    @classmethod
    def refusal(cls, run: RunSpec) -> str:
        if not isinstance(run, ModelSpec):
            return "Only a model can be followed."
        if run.target.task == "regression":
            return (
                "The model predicts a number, and this strategy follows probabilities: choose a model of classes, such "
                "as up or down."
            )
        if not run.target.is_direction:
            return (
                f"The model predicts whether {run.target.label()}, which is neither a rise nor a fall: choose a "
                "model of a direction."
            )
        return ""

    @model_validator(mode="after")
    def _in_order(self) -> FollowModel:
        if text := self.refusal(self.model):
            raise ValueError(text)
        if self.path > (paths := self.model.validation.n_paths()):
            raise ValueError(
                f"The model's split has {paths} out-of-sample {'path' if paths == 1 else 'paths'}, and path "
                f"{self.path} is none of them: choose another path, or a combinatorial split."
            )
        if self.exit_below > self.enter_above:
            raise ValueError(f"Exit below ({self.exit_below}) must not exceed enter above ({self.enter_above}).")
        return self

    def label(self) -> str:
        on_path = f", path {self.path}" if self.path > 1 else ""
        return f"{self.model.label()} > {self.enter_above:g}{on_path}"

    def inputs(self, market: MarketSpec) -> Mapping[str, RunSpec]:
        return {"model": self.model}

    def begins(self, bars: Bars, inputs: Mapping[str, Any]) -> int:
        """The first bar with a prediction: there is nothing to follow while the model is trained."""
        known = np.flatnonzero(np.isfinite(inputs["model"].usable(bars, path=self.path - 1)))
        return int(known[0]) if len(known) else len(bars)

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        rise = inputs["model"].usable(bars, path=self.path - 1)
        if self.model.target.task == "multiclass":
            fall = inputs["model"].usable(bars, lowest=True, path=self.path - 1)
            short_entries, short_exits = fall >= self.enter_above, fall < self.exit_below
        else:
            short_entries, short_exits = rise <= 1 - self.enter_above, rise > 1 - self.exit_below
        return Signals(
            entries=rise >= self.enter_above,
            exits=rise < self.exit_below,
            short_entries=short_entries,
            short_exits=short_exits,
        )
