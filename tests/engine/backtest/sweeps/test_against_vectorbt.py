"""Whole sweeps of conditions against vectorbt with its own indicators, from the bar on which ours may trade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.progress import silent
from engine.market.bars import Market
from tests.support.market import make_bars
from tests.support.vectorbt_strategies import STRATEGIES, Prices, portfolio

COSTS = {"commission": 5, "slippage": 3}
AXES: dict[str, dict[str, list[float]]] = {
    "rsi_reversion": {"window": [2, 9, 14], "enter_below": [25, 35, 45], "leave_above": [50, 60, 70]},
    "donchian_breakout": {"enter": [5, 20, 55], "leave": [3, 10, 60]},
    "adx_trend": {"window": [9, 14, 30], "enter_above": [20, 25, 30], "leave_below": [0, 15, 20]},
    "bollinger_reversion": {"window": [5, 20, 50], "width": [0.5, 1.0, 2.0]},
    "keltner_breakout": {"window": [5, 20], "atr_window": [4, 10], "width": [0.5, 1.0, 2.0]},
    "time_series_momentum": {"lookback": [1, 20, 120], "threshold": [0.0, 0.01, 0.1]},
    "macd": {"fast": [3, 12], "slow": [20, 26], "signal": [2, 9, 20]},
    "rules": {"enter.0.right.window": [5, 50, 150], "enter.1.right.value": [30, 40], "leave.0.right.value": [50, 60]},
}


@pytest.fixture(scope="module")
def prices() -> Prices:
    random = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, 1_500)))
    open = close * np.exp(random.normal(0, 0.01, len(close)))
    high, low = np.maximum(open, close) * 1.003, np.minimum(open, close) * 0.997
    return Prices(*map(pd.Series, (open, high, low, close)))


@pytest.mark.parametrize("kind", sorted(STRATEGIES))
def test_a_sweep_is_what_vectorbt_makes_of_it(kind: str, prices: Prices) -> None:
    bars = make_bars(prices.close.to_numpy(), open=prices.open.to_numpy())
    market = Market((replace(bars, high=prices.high.to_numpy(), low=prices.low.to_numpy()),))
    base: dict[str, Any] = {"strategy": {"kind": kind}, "costs": COSTS, "market": {"symbols": ["TEST"]}}
    axes = [{"path": f"strategy.{name}", "values": values} for name, values in AXES[kind].items()]
    found = run_sweep(SweepSpec.parse({"base": base, "axes": axes, "drawdown": True}), {"market": market}, silent)
    values = [
        np.asarray(column, int if whole else float)
        for column, whole in zip(found.parameters.T, found.whole, strict=True)
    ]
    entries, exits = STRATEGIES[kind](prices, values)
    theirs = portfolio(prices, entries, exits, **COSTS, warm_up=found.warm_up)
    assert len(np.unique(found.total_return[0])) > len(found) / 3
    np.testing.assert_allclose(found.total_return[0], theirs.total_return(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(-np.abs(found.max_drawdown[0]), theirs.max_drawdown(), rtol=1e-9, atol=1e-12)
    assert found.trades[0].tolist() == theirs.trades.count().tolist()
    returns = theirs.returns().to_numpy()[-found.observations[0] :]
    with np.errstate(invalid="ignore"):
        sharpe = returns.mean(axis=0) / returns.std(axis=0, ddof=1) * np.sqrt(found.periods_per_year[0])
    np.testing.assert_allclose(found.sharpe[0], sharpe, rtol=1e-9)
