"""The request to repeat a backtest at other costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.backtest.spec import BacktestSpec
from engine.core.spec import Estimate, RunSpec


class CostCurveSpec(RunSpec):
    """One backtest at multiples of its costs, up to those at which its profit is gone."""

    kind: Literal["cost_curve"] = "cost_curve"
    backtest: BacktestSpec

    def shown_with(self) -> BacktestSpec:
        return self.backtest

    def label(self) -> str:
        return f"Costs of {self.backtest.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return self.backtest.inputs()

    def estimate(self) -> Estimate:
        once = self.backtest.estimate()
        return Estimate(seconds=4 * once.seconds, megabytes=once.megabytes)
