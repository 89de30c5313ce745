"""The request to score a registered model on the newest bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.backtest.costs import Costs
from engine.core.spec import Estimate, RunSpec, parameter
from engine.features.spec import FeatureSpec
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec


class MonitorSpec(RunSpec):
    """The version ``model`` of a registered model, whose file has the hash ``digest`` and which ``trained`` made, on
    every bar after its training that is stored now.
    """

    kind: Literal["monitor"] = "monitor"
    model: str = parameter(title="Model", help="A version of a registered model: momentum@2.")
    digest: str = parameter(title="Hash")
    trained: ModelSpec
    costs: Costs
    seed: int = parameter(0, title="Seed", help="For every random draw.", ge=0, le=2**31 - 1)

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        return f"{self.model} in service"

    def inputs(self) -> Mapping[str, RunSpec]:
        market = self.market()
        return {"market": market, "features": FeatureSpec(market=market, features=self.trained.features)}

    def market(self) -> MarketSpec:
        """That of the model as it is stored now, up to its newest bar."""
        return self.trained.market.model_copy(update={"end": None, "known_on": None})

    def estimate(self) -> Estimate:
        rows, columns = self.trained.expected_size()
        return Estimate(seconds=1.0 + 0.2 * columns + rows * 2e-5, megabytes=150 + rows * (columns + 8) * 32e-6)
