"""The request for a check of features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from engine.core.errors import EngineError
from engine.core.spec import Estimate, RunSpec, parameter
from engine.features import Features
from engine.features.context import context_requests
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.market import catalog
from engine.market.spec import MarketSpec

HISTORIES = 30
"""About as many histories are computed of each symbol."""


class FeatureCheckSpec(RunSpec):
    """Whether features use the future, and whether they depend on where the series begins: on every symbol."""

    kind: Literal["feature_check"] = "feature_check"
    market: MarketSpec = parameter(MarketSpec(), title="Market")
    features: Features = parameter((Sma(), Rsi()), title="Features", section="Features")

    @model_validator(mode="before")
    @classmethod
    def _without_device(cls, values: Any) -> Any:
        """A set's own device is no part of the question: the kernels of devices are held to the same values."""
        if isinstance(values, Mapping) and values.get("device", "cpu") != "cpu":
            raise ValueError(
                "The check computes features on the CPU in float64, whatever device a set names: leave device out."
            )
        return {name: value for name, value in values.items() if name != "device"}

    def shown_with(self) -> FeatureSpec:
        return FeatureSpec(market=self.market, features=self.features)

    def label(self) -> str:
        return f"Check of {self.shown_with().label()}"

    def estimate(self) -> Estimate:
        once = self.shown_with().estimate()
        try:
            rows = catalog.expected_rows(self.market)
        except EngineError:
            rows = 0.0  # the run says what is wrong with the request
        return Estimate(seconds=0.1 + HISTORIES * once.seconds, megabytes=20 + 2e-4 * rows)

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, **context_requests(self.features, self.market)}
