"""Backtest that follows a trained model."""

from __future__ import annotations

import numpy as np

from dashboard.components.values import complete
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.core.registry import is_built_in
from engine.market import catalog
from engine.market.days import trading_day
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from engine.strategies import STRATEGIES


def tradeable(spec: ModelSpec) -> tuple[str, ...]:
    """The symbols of the model's market that are tradeable: the level of an index is not."""
    market = spec.market
    return tuple(
        symbol for symbol in market.symbols if catalog.find(market.collection, symbol, market.interval).tradeable
    )


def day(spec: ModelSpec, moment: str) -> np.datetime64:
    """The trading day of the bar at ``moment``, an ISO time."""
    market = spec.market
    known = [catalog.find(market.collection, symbol, market.interval).zones for symbol in market.symbols]
    return trading_day(np.datetime64(moment, "ms"), {zone for zones in known for zone in zones})


def backtest(spec: ModelSpec, result: ModelResult) -> BacktestSpec | None:
    """A backtest of following the model where it can be traded, or None where it cannot or no strategy follows such.

    It starts with the first bar that the model has not seen, since before it the strategy holds nothing, and has the
    suggested costs.
    """
    symbols, found = tradeable(spec), follower(spec)
    if not symbols or found is None:
        return None
    market = spec.market.model_dump(mode="json") | {
        "symbols": list(symbols),
        "start": str(day(spec, result.test_start)),
    }
    name, field = found
    strategy = {"kind": name, field: spec.model_dump(mode="json")}
    return BacktestSpec.parse({"market": market, "strategy": strategy, "costs": complete(Costs, {})})


def follower(spec: ModelSpec) -> tuple[str, str] | None:
    """The strategy of the engine that can follow the model, and its field for the request; None where none can."""
    known = [(name, cls) for name, cls in STRATEGIES.available().items() if is_built_in(cls)]
    able = ((name, cls) for name, cls in known if not cls.refusal(spec))
    return next(
        ((name, field) for name, cls in able for field, of in cls.followed_runs().items() if of is ModelSpec), None
    )
