"""Backtests of made-up bars, without a collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from engine.backtest.portfolio import run_portfolio
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.progress import silent
from engine.market.bars import Bars, Floats, Market
from engine.market.panel import Panel
from engine.strategies import Allocation, Signals, Strategy

COSTS = {"commission": 5, "slippage": 3}


class Crosses(Strategy):
    """Enters where the close rises by ``margin`` above its mean of ``window`` bars, leaves or sells short where it
    falls below that.
    """

    kind: Literal["crosses"] = "crosses"
    window: int = 10
    margin: float = 0.001
    name: str = "x"

    def warm_up(self) -> int:
        return self.window

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        summed = np.concatenate(([0.0], np.cumsum(bars.close)))
        side = np.zeros(len(bars))
        if len(bars) >= self.window:
            mean = (summed[self.window :] - summed[: -self.window]) / self.window
            side[self.window - 1 :] = np.sign(bars.close[self.window - 1 :] - (1 + self.margin) * mean)
        before = np.concatenate(([0.0], side[:-1]))
        up, down = (side > 0) & (before <= 0), (side < 0) & (before >= 0)
        up[: self.window] = down[: self.window] = False
        return Signals(up, down, down, up)


class Halves(Allocation):
    """The same weight in every symbol, set every ``every`` bars."""

    kind: Literal["halves"] = "halves"
    every: int = 20

    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> Floats:
        found = np.full((len(panel), len(panel.symbols)), np.nan)
        found[:: self.every] = 1 / len(panel.symbols)
        return found


def request(strategy: Strategy, symbols: tuple[str, ...] = ("TEST",), **values: Any) -> BacktestSpec:
    """A spec of ``strategy`` on symbols that no collection has."""
    return BacktestSpec.parse({"strategy": strategy, "costs": COSTS, "market": {"symbols": symbols}} | values)


def simulated(spec: BacktestSpec, *bars: Bars, **inputs: Any) -> BacktestResult:
    """The result of ``spec`` on ``bars``."""
    return run_portfolio(spec, {"market": Market(tuple(bars)), **inputs}, silent)
