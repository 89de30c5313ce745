"""The request to verify a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.backtest.spec import BacktestSpec
from engine.core.registry import is_all_built_in
from engine.core.spec import Estimate, RunSpec, parameter

NOISE_RUNS, NULL_RUNS = 10, 5
"""Samples per backtest on noisy prices, or of shuffled weights, each of which takes a whole simulation."""


class VerificationSpec(RunSpec):
    """Every test of ``engine.research`` on one backtest. One with plug-ins is run here and not as an input, so that a
    backtest refused for look-ahead gets its verdict too.
    """

    kind: Literal["verification"] = "verification"
    backtest: BacktestSpec
    samples: int = parameter(
        1000,
        title="Samples",
        help="Random draws per test; a tenth of them for backtests on noisy prices, a fifth for shuffled weights.",
        ge=100,
        le=20_000,
        step=100,
        section="Verification",
    )
    noise: float = parameter(
        0.1,
        title="Noise",
        unit="ATR",
        help="Standard deviation of the noise added to prices, in average true ranges of 14 bars.",
        gt=0,
        le=2,
        step=0.05,
        section="Verification",
    )
    seed: int = parameter(0, title="Seed", help="For every random draw.", ge=0, le=2**31 - 1, section="Verification")

    def label(self) -> str:
        return f"Verification of {self.backtest.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        needed = self.backtest.inputs()
        return {**needed, "backtest": self.backtest} if is_all_built_in(self.backtest) else needed

    def estimate(self) -> Estimate:
        runs = 80 + self.samples / NOISE_RUNS + self.samples / NULL_RUNS
        once = 0.003 + 0.004 * len(self.backtest.market.symbols)
        backtest = self.backtest.estimate()
        return Estimate(
            seconds=backtest.seconds + 0.5 + runs * once + self.samples / 500,
            megabytes=max(backtest.megabytes, 300.0),
        )
