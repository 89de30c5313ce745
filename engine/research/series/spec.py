"""Requests for statistics of returns: of one series, by the calendar, and among several symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import field_validator

from engine.core.spec import Action, Estimate, RunSpec, parameter
from engine.market.periods import Every
from engine.market.spec import MarketSpec

Method = Literal["pearson", "spearman"]


class _OfOneSymbol(RunSpec):
    """Statistics of the adjusted closes of one symbol."""

    market: MarketSpec = parameter(title="Market")

    @field_validator("market")
    @classmethod
    def _is_one(cls, market: MarketSpec) -> MarketSpec:
        if len(market.symbols) != 1:
            raise ValueError("Choose one symbol: each has returns of its own.")
        return market

    def shown_with(self) -> MarketSpec:
        return self.market

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market}


class ReturnStatisticsSpec(_OfOneSymbol):
    """Distribution of the returns of one symbol, and their dependence in time."""

    kind: Literal["return_statistics"] = "return_statistics"

    def label(self) -> str:
        return f"Returns of {self.market.symbols[0]}"

    def estimate(self) -> Estimate:
        return Estimate(seconds=0.4, megabytes=50)


class SeasonsSpec(_OfOneSymbol):
    """Average returns of one symbol by month, weekday, day of the month and hour."""

    kind: Literal["seasons"] = "seasons"

    def label(self) -> str:
        return f"Seasons of {self.market.symbols[0]}"

    def estimate(self) -> Estimate:
        return Estimate(seconds=0.3, megabytes=50)


class Correlate(Action):
    """Correlation of the returns of several symbols; that of the same bars is computed once."""

    kind: Literal["correlate"] = "correlate"
    market: MarketSpec = parameter(title="Market")
    every: Every = parameter("day", title="Returns", help="From close to close of these periods.")
    method: Method = parameter(
        "pearson",
        title="Method",
        choices={"pearson": "Pearson", "spearman": "Spearman"},
        help="Spearman's is that of ranks.",
    )

    def shown_with(self) -> MarketSpec:
        return self.market

    def label(self) -> str:
        return f"Correlation of {len(self.market.symbols):,} symbols"

    def estimate(self) -> Estimate:
        return Estimate(seconds=0.2 + 1e-3 * len(self.market.symbols), megabytes=200)
