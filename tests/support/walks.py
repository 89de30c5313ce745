"""Walk-forwards made up for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.windows import Window, schedule
from engine.core.progress import silent
from engine.jobs import executors
from engine.market.bars import Bars, Market
from tests.support.market import random_walk

NO_COSTS = {"commission": 0, "slippage": 0}
DEAR = {"commission": 10, "slippage": 5}
AXES = ({"path": "strategy.fast", "values": [2, 4, 8]}, {"path": "strategy.slow", "low": 10, "high": 30, "step": 5})
SHORT = {"train": 12, "test": 4}
WARM = 30
"""Bars that the slowest combination takes to warm up."""


def base(strategy: Any = None, symbols: tuple[str, ...] = ("TEST",), costs: Any = DEAR, **more: Any) -> dict[str, Any]:
    """A backtest of made-up symbols, not yet parsed."""
    market = {"collection": "made-up", "symbols": symbols, "adjustment": "none"}
    strategy = strategy or {"kind": "sma_cross", "fast": 5, "slow": 20}
    return {"market": market, "strategy": strategy, "costs": costs, **more}


def walk_spec(
    of: Mapping[str, Any] | None = None, axes: Any = AXES, windows: Any = SHORT, **more: Any
) -> WalkForwardSpec:
    """Fifteen combinations in four windows of ``random_walk(880)``."""
    return WalkForwardSpec.parse({"base": of or base(), "axes": axes, "windows": windows, "minimum_trades": 0, **more})


def planned_windows(asked: WalkForwardSpec, bars: Bars) -> tuple[Window, ...]:
    """The windows of ``asked``: in the days on which every combination of ``AXES`` can trade."""
    return schedule([bars.slice(WARM, len(bars))], asked.windows)


def run(asked: WalkForwardSpec, *bars: Bars) -> WalkForwardResult:
    return executors.compute(asked, {"market": Market(bars)}, silent)


def walk(*bars: Bars, **more: Any) -> WalkForwardResult:
    """What comes of ``walk_spec``."""
    return run(walk_spec(**more), *(bars or (random_walk(880),)))
