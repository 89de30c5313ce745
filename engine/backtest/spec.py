"""The request for a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from engine.backtest.costs import Costs
from engine.backtest.result import BacktestResult
from engine.market.bars import MarketSpec
from engine.progress import Progress
from engine.spec import Estimate, RunSpec, parameter
from engine.strategies import STRATEGIES, Strategy

Fill = Literal["next_open", "next_close"]


class BacktestSpec(RunSpec):
    """One strategy on some symbols with some costs.

    The capital is split equally among the symbols; each share is traded by itself, fully invested or in cash, and
    is not rebalanced.
    """

    kind: Literal["backtest"] = "backtest"
    market: MarketSpec = MarketSpec()
    strategy: Annotated[Strategy, STRATEGIES] = Field(title="Strategy")
    costs: Costs
    fill: Fill = parameter(
        "next_open",
        title="Fill",
        help="A decision at a bar's close is filled at the next bar's open, or at its close.",
        choices={"next_open": "Next open", "next_close": "Next close"},
        section="Execution",
    )
    capital: float = parameter(
        100_000.0, title="Capital", help="Cash at the start.", ge=1, le=1e12, step=1000, section="Execution"
    )

    def label(self) -> str:
        return f"{self.strategy.label()}, {self.market.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, **self.strategy.inputs(self.market)}

    def estimate(self) -> Estimate:
        needed = [item.estimate() for item in self.strategy.inputs(self.market).values()]
        return Estimate(
            seconds=0.05 + 0.03 * len(self.market.symbols) + sum(item.seconds for item in needed),
            megabytes=max([20.0, *(item.megabytes for item in needed)]),
        )

    def compute(self, inputs: Mapping[str, Any], progress: Progress) -> BacktestResult:
        from engine.backtest.portfolio import run_portfolio

        return run_portfolio(self, inputs, progress)
