"""The request for a cross-check with Backtrader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.backtest.spec import BacktestSpec
from engine.core.spec import Estimate, RunSpec


class CrosscheckSpec(RunSpec):
    """A backtest, and the same once more on Backtrader."""

    kind: Literal["crosscheck"] = "crosscheck"
    backtest: BacktestSpec

    def label(self) -> str:
        return f"Cross-check with Backtrader: {self.backtest.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"backtest": self.backtest, **self.backtest.inputs()}

    def shown_with(self) -> BacktestSpec:
        return self.backtest

    def estimate(self) -> Estimate:
        cost = self.backtest.estimate()
        return Estimate(seconds=cost.seconds + 1.0 + 0.6 * len(self.backtest.market.symbols), megabytes=cost.megabytes)
