"""Sweeps of accounts that are followed bar by bar: each combination is the run that it opens as, to the last bit."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from engine.backtest.decisions import decide
from engine.backtest.fast_metrics import by_accounts
from engine.backtest.measured import measured
from engine.backtest.plain import is_plain
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.field_paths import changed
from engine.core.progress import silent
from engine.market.bars import Market
from tests.support.market import random_walk

STRATEGIES: dict[str, dict[str, list[float]]] = {
    "rsi_reversion": {"window": [3, 7], "enter_below": [30, 45]},
    "sma_cross": {"fast": [3, 5], "slow": [9, 20]},
    "macd": {"fast": [3, 5], "signal": [4, 9]},
    "rules": {"enter.1.right.value": [30, 50]},
    "buy_and_hold": {},
}
FRAMES: list[dict[str, Any]] = [
    {"direction": "both", "sizing": {"kind": "percent", "part": 0.5}},
    {"direction": "short", "sizing": {"kind": "volatility"}, "cash": "shared", "rebalance": "month"},
    {
        "direction": "both",
        "sizing": {"kind": "percent", "part": 2.5},
        "financing": {"leverage": 3, "margin_rate": 0.06},
    },
    {"direction": "both", "stops": {"stop_loss": 0.04, "trailing_stop": 0.06, "time_stop": 9}},
    {"fill": "limit", "limit_offset": 30},
    {"costs": {"per_share": 0.01, "minimum": 1, "volume_limit": 0.001}, "fill": "same_close"},
]


@pytest.fixture(scope="module")
def market() -> Market:
    """Three symbols, the second listed later."""
    bars = [random_walk(400, seed, symbol=f"S{seed}") for seed in range(3)]
    return Market((bars[0], bars[1].slice(30, 400), bars[2]))


@pytest.mark.parametrize(("kind", "frame", "count"), list(product(STRATEGIES, FRAMES, (1, 3))))
def test_a_combination_is_its_run(kind: str, frame: dict[str, Any], count: int, market: Market) -> None:
    chosen = Market(market.bars[:count])
    costs = {"commission": 5, "slippage": 3} | frame.get("costs", {})
    symbols = [item.series.symbol for item in chosen.bars]
    base = frame | {"strategy": {"kind": kind}, "costs": costs, "market": {"symbols": symbols}}
    axes = [{"path": f"strategy.{name}", "values": values} for name, values in STRATEGIES[kind].items()]
    axes.append({"path": "costs.slippage", "values": [1, 5]})
    spec = SweepSpec.parse({"base": base, "axes": axes, "drawdown": True})
    assert not is_plain(spec.base)
    found = run_sweep(spec, {"market": chosen}, silent)
    for place, row in enumerate(found.parameters):
        scales = spec.scales()
        one = changed(spec.base, {scale.path: scale.plain(value) for scale, value in zip(scales, row, strict=True)})
        bars = measured(one, chosen.bars, found.warm_up, {"market": chosen})
        expected = by_accounts(one, bars, decide(one, bars, {"market": chosen}))
        for account in range(len(found.total_return)):
            run = expected[account]
            assert found.total_return[account, place] == run.total_return
            assert found.max_drawdown[account, place] == run.max_drawdown
            assert found.trades[account, place] == run.trades
            np.testing.assert_equal(found.sharpe[account, place], np.nan if run.sharpe is None else run.sharpe)
