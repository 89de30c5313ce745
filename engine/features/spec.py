"""The request for features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.core.spec import RunSpec, parameter
from engine.features import Features
from engine.features.context import context_requests
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.market.spec import MarketSpec


class FeatureSpec(RunSpec):
    """Features of the symbols of a market."""

    stored = False
    kind: Literal["features"] = "features"
    market: MarketSpec = parameter(MarketSpec(), title="Market")
    features: Features = parameter((Sma(), Rsi()), title="Features", section="Features")

    def label(self) -> str:
        return f"{self.market.label()} · {', '.join(feature.label() for feature in self.features)}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, **context_requests(self.features, self.market)}
