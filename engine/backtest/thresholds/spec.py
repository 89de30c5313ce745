"""The request for what a model is worth at each threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from engine.backtest.spec import BacktestSpec
from engine.core.spec import Estimate, RunSpec
from engine.models.spec import ModelSpec
from engine.models.threshold_choice import INNER_FOLDS, MOST
from engine.strategies.kinds.follow_model import FollowModel


class ThresholdSpec(RunSpec):
    """``base``, a backtest that follows a model of classes, at each of a grid of thresholds: in a position while the
    probability of the highest class is at least as high, out of it while it is not.
    """

    kind: Literal["thresholds"] = "thresholds"
    base: BacktestSpec

    @model_validator(mode="after")
    def _follows_a_model(self) -> ThresholdSpec:
        if not isinstance(self.base.strategy, FollowModel):
            raise ValueError(f"{self.base.strategy.label()} follows no model: thresholds are those of one.")
        return self

    @property
    def follower(self) -> FollowModel:
        assert isinstance(self.base.strategy, FollowModel)
        return self.base.strategy

    @property
    def model(self) -> ModelSpec:
        """The model that is followed."""
        return self.follower.model

    def at(self, threshold: float) -> BacktestSpec:
        """The backtest at one threshold."""
        moved = {"enter_above": threshold, "exit_below": threshold}
        strategy = FollowModel.parse(self.follower.model_dump(mode="json") | moved)
        return self.base.model_copy(update={"strategy": strategy})

    def label(self) -> str:
        return f"Thresholds of {self.model.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return self.base.inputs()

    def shown_with(self) -> ModelSpec:
        return self.model

    def estimate(self) -> Estimate:
        cost = self.base.estimate()
        trained = INNER_FOLDS * self.model.fit_seconds()
        symbols = len(self.base.market.symbols)
        return Estimate(seconds=cost.seconds + trained + 0.01 * MOST * symbols, megabytes=cost.megabytes + 100)
