"""From a trained model to a backtest that follows it."""

from __future__ import annotations

from dashboard.components.values import complete
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.market import catalog
from engine.models.result import ModelResult
from engine.models.training import ModelSpec


def tradeable(spec: ModelSpec) -> tuple[str, ...]:
    """The symbols of the model's market that can be bought: the level of an index cannot."""
    market = spec.market
    return tuple(
        symbol for symbol in market.symbols if catalog.find(market.collection, symbol, market.interval).tradeable
    )


def backtest(spec: ModelSpec, result: ModelResult) -> BacktestSpec | None:
    """A backtest of following the model where it can be traded, or None where it cannot.

    It starts with the first bar that the model has not seen, since before it the strategy holds nothing, and has the
    suggested costs.
    """
    symbols = tradeable(spec)
    if not symbols:
        return None
    market = spec.market.model_dump(mode="json") | {"symbols": list(symbols), "start": result.test_start[:10]}
    strategy = {"kind": "follow_model", "model": spec.model_dump(mode="json")}
    return BacktestSpec.parse({"market": market, "strategy": strategy, "costs": complete(Costs, {})})
