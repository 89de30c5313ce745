"""Walk-forwards made up for tests."""

from __future__ import annotations

from typing import Any

from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.market.bars import Bars, Market
from engine.progress import silent
from tests.support.market import random_walk

AXES = ({"path": "strategy.fast", "values": [2, 4, 8]}, {"path": "strategy.slow", "low": 10, "high": 30, "step": 5})


def walk_spec(**more: Any) -> WalkForwardSpec:
    """Fifteen combinations in four windows of ``random_walk(880)``."""
    base = {
        "market": {"collection": "made-up", "symbols": ["TEST"], "adjustment": "none"},
        "strategy": {"kind": "sma_cross", "fast": 5, "slow": 20},
        "costs": {"commission": 10, "slippage": 5},
    }
    values = {"base": base, "axes": AXES, "windows": {"train": 12, "test": 4}, "minimum_trades": 0, **more}
    return WalkForwardSpec.parse(values)


def walk(*bars: Bars, **more: Any) -> WalkForwardResult:
    """What comes of ``walk_spec``."""
    return walk_spec(**more).compute({"market": Market(bars or (random_walk(880),))}, silent)
