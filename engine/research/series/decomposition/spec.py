"""The request for trend and season of a series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import field_validator

from engine.core.spec import Estimate, RunSpec, parameter
from engine.market.spec import MarketSpec

Season = Literal["year", "week", "day"]


class DecompositionSpec(RunSpec):
    """Trend, season and remainder of the closes of one symbol."""

    kind: Literal["decomposition"] = "decomposition"
    market: MarketSpec = parameter(title="Market")
    season: Season = parameter(
        "year", title="Season", choices={"year": "Year", "week": "Week", "day": "Day"}, help="What repeats itself."
    )

    @field_validator("market")
    @classmethod
    def _is_one(cls, market: MarketSpec) -> MarketSpec:
        if len(market.symbols) != 1:
            raise ValueError("Choose one symbol: each has a trend and a season of its own.")
        return market

    def shown_with(self) -> MarketSpec:
        return self.market

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market}

    def label(self) -> str:
        return f"Season of {self.market.symbols[0]}, {self.season}"

    def estimate(self) -> Estimate:
        return Estimate(seconds=0.5, megabytes=50)
