"""A small sweep over two windows, and what the browser is told of it."""

from __future__ import annotations

from typing import Any

from dashboard.pages.backtest.tabs import sweep as tab
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.spec import canonical_json
from engine.jobs import runner

PAGE, FORM = tab.PAGE, tab.FORM
FAST, SLOW = "strategy.fast", "strategy.slow"
STRATEGY: dict[str, Any] = {"kind": "sma_cross", "fast": 4, "slow": 9}
COSTS = {"commission": 5, "slippage": 3}
AXES = [{"path": FAST, "low": 3, "high": 6}, {"path": SLOW, "low": 5, "high": 11, "step": 2}]


def base(**fields: Any) -> BacktestSpec:
    return BacktestSpec.parse({"strategy": STRATEGY, "costs": COSTS} | fields)


def request(axes: Any = AXES, symbols: tuple[str, ...] = ("NVDA",), **fields: Any) -> SweepSpec:
    return SweepSpec.parse({"base": base(market={"symbols": list(symbols)}), "axes": axes} | fields)


def data_of(spec: SweepSpec) -> dict[str, str]:
    return {"key": runner.run_key(spec), "spec": canonical_json(spec)}
