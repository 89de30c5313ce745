"""Sweeps over less than a month."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.spec import BacktestSpec
from tests.support.sweeping import axis, sweep
from tests.support.workspace import Workspace


@pytest.mark.parametrize(
    ("strategy", "varied"),
    [("sma_cross", axis("strategy.fast", 2, 5)), ("rsi_reversion", axis("strategy.window", 2, 5))],
)
def test_below_a_month_a_cell_has_no_ratio_as_the_run_has_none(
    workspace: Workspace, strategy: str, varied: Any
) -> None:
    market = {"collection": "dukascopy", "symbols": ["EURUSD"], "interval": "1h"}
    market |= {"start": "2017-03-06", "end": "2017-03-24"}
    base = BacktestSpec.parse(
        {"market": market, "strategy": {"kind": strategy}, "costs": {"commission": 5, "slippage": 3}}
    )
    found = engine.run(sweep(base, [varied]))
    run = engine.run(found.spec_of(0))
    assert np.isnan(found.sharpe).all()
    assert np.isnan(found.metric("calmar")).all()
    assert (run.metrics["sharpe"], run.metrics["calmar"]) == (None, None)
    assert run.metrics["total_return"] == found.total_return.ravel()[0]
    assert found.trial().count == 4
