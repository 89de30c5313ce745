"""The request for features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.core.errors import EngineError
from engine.core.spec import Estimate, RunSpec, parameter
from engine.features import Features
from engine.features.context import context_requests
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.market import catalog
from engine.market.spec import MarketSpec

_NAMED = 12  # features that a label names
_CALL, _VALUE = 3e-4, 2e-8  # seconds of an indicator of one series, and of the place of each of its values


class FeatureSpec(RunSpec):
    """Features of the symbols of a market."""

    kind: Literal["features"] = "features"
    market: MarketSpec = parameter(MarketSpec(), title="Market")
    features: Features = parameter((Sma(), Rsi()), title="Features", section="Features")

    def label(self) -> str:
        return f"{self.market.label()} · {listed(self.features)}"

    def estimate(self) -> Estimate:
        columns = sum(len(feature.outputs) for feature in self.features)
        try:
            rows = catalog.expected_rows(self.market)
        except EngineError:
            rows = 0.0  # the run says what is wrong with the request
        calls = len(self.features) * len(self.market.symbols)
        each = _VALUE * columns + 1e-9 * sum(feature.nanoseconds for feature in self.features)
        return Estimate(seconds=_CALL * calls + each * rows, megabytes=10 + rows * (columns + 3) * 8e-6)

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, **context_requests(self.features, self.market)}


def listed(features: Features) -> str:
    """The labels of ``features``, of very many the first."""
    more = len(features) - _NAMED
    named = ", ".join(feature.label() for feature in features[:_NAMED])
    return f"{named} and {more:,} more" if more > 0 else named
