"""The Sharpe ratio of a backtest by its costs: each point is the backtest at these costs."""

from __future__ import annotations

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.market.sources.stored import save
from engine.research.cost_curve.spec import CostCurveSpec
from engine.research.sensitivity import multiplied
from tests.support.market import random_walk

pytestmark = pytest.mark.usefixtures("workspace")


def test_each_point_is_the_backtest_at_these_costs() -> None:
    save(random_walk(300, seed=1, symbol="ONE"))
    market = {"collection": "made-up", "symbols": ("ONE",), "adjustment": "none"}
    strategy = {"kind": "sma_cross", "fast": 4, "slow": 20}
    spec = BacktestSpec.parse({"market": market, "strategy": strategy, "costs": {"commission": 40, "slippage": 20}})
    found = engine.run(CostCurveSpec(backtest=spec))
    for place in (0, 2, 4):
        costs = multiplied(spec.costs, float(found.multiple[place]))
        other = engine.run(spec.model_copy(update={"costs": costs}))
        assert found.sharpe[place] == pytest.approx(other.metrics["sharpe"])
        assert found.total[place] == pytest.approx(other.metrics["total_return"])
    assert not found.no_costs
    assert found.summary()["break-even multiple of the costs"] == found.break_even
