"""Whole backtests: of symbols that the test has saved, or of the sample."""

from __future__ import annotations

from typing import Any

import engine
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars
from engine.market.sources.stored import save

NO_COSTS = {"commission": 0, "slippage": 0}
MADE_UP = {"collection": "made-up", "symbols": ["TEST"], "adjustment": "none"}


def spec(
    market: dict[str, Any], strategy: str | dict[str, Any] = "buy_and_hold", costs: Any = NO_COSTS, **more: Any
) -> BacktestSpec:
    """A backtest of ``market``, without costs unless they are given."""
    chosen = {"kind": strategy} if isinstance(strategy, str) else strategy
    return BacktestSpec.parse({"market": market, "strategy": chosen, "costs": costs, **more})


def run(
    market: dict[str, Any] = MADE_UP, strategy: str | dict[str, Any] = "buy_and_hold", **more: Any
) -> BacktestResult:
    """What comes of ``spec``."""
    result = engine.run(spec(market, strategy, **more))
    assert isinstance(result, BacktestResult)
    return result


def pair(one: Bars, other: Bars) -> dict[str, Any]:
    """The market of two symbols that are saved for it."""
    save(one)
    save(other)
    return MADE_UP | {"symbols": [one.series.symbol, other.series.symbol]}


def warned(result: BacktestResult) -> str:
    """All warnings as one text."""
    return " ".join(result.warnings)
