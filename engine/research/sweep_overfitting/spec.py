"""The request to test a sweep for overfitting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import field_validator

from engine.backtest.sweeps.spec import SweepSpec
from engine.core.spec import Estimate, RunSpec, parameter


class OverfittingSpec(RunSpec):
    """Overfitting of the best combination of a sweep, out of sample and against buy and hold."""

    kind: Literal["overfitting"] = "overfitting"
    sweep: SweepSpec
    columns: int = parameter(
        200,
        title="Combinations",
        help="Maximum number tested; of more, this many are drawn at random.",
        ge=2,
        le=1000,
        step=50,
    )
    blocks: int = parameter(
        16, title="Blocks", help="Blocks that the history is divided into; an even number.", ge=2, le=20, step=2
    )
    samples: int = parameter(500, title="Samples", help="Bootstrap resamples per test.", ge=100, le=10_000, step=100)
    seed: int = parameter(0, title="Seed", ge=0, le=2**31 - 1)

    @field_validator("blocks")
    @classmethod
    def _even(cls, blocks: int) -> int:
        if blocks % 2:
            raise ValueError(f"The number of blocks must be even, not {blocks}.")
        return blocks

    def shown_with(self) -> SweepSpec:
        return self.sweep

    def label(self) -> str:
        return f"Overfitting of {self.sweep.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {**self.sweep.base.inputs(), "sweep": self.sweep}

    def estimate(self) -> Estimate:
        sweep = self.sweep.estimate()
        accounts = self.columns * len(self.sweep.base.market.symbols)
        return Estimate(seconds=sweep.seconds + 2 + 0.005 * accounts, megabytes=max(sweep.megabytes, 300.0))
