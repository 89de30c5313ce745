"""How likely the best combination of a sweep is only the best of the past: cross-validation and superior ability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.errors import DataError
from engine.core.progress import Progress, section
from engine.core.spec import Estimate, RunSpec, parameter
from engine.market.bars import Floats


@dataclass(frozen=True, eq=False)
class SweepOverfitting:
    """``engine.research.overfitting.Overfitting`` of ``columns`` combinations of a sweep, and tests of the best.

    ``logit``, ``inside`` and ``outside`` have an entry a split. ``combinations`` are the places in the sweep of those
    that were looked at, of ``whole`` among which there is a choice (those at the backtest's own costs); they are drawn
    without a look at their results. ``spa_zero`` and ``spa_hold`` are
    the consistent p-values of the best over nothing and over holding the same symbols, ``superior`` the places of those
    superior to holding when the chance of naming any wrongly is held at 5%.
    """

    label: str
    family: str
    combinations: NDArray[np.int64]
    whole: int
    logit: Floats
    inside: Floats
    outside: Floats
    columns: int
    blocks: int
    probability: float
    slope: float | None
    intercept: float | None
    loss: float
    spa_zero: float
    spa_hold: float
    superior: NDArray[np.int64]

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "probability of overfitting": self.probability,
            "probability of loss": self.loss,
            "combinations": f"{self.columns} of {self.whole}",
            "p over nothing": self.spa_zero,
            "p over holding": self.spa_hold,
        }


class OverfittingSpec(RunSpec):
    """Whether choosing the best of a sweep is worth anything on bars that did not choose it."""

    kind: Literal["overfitting"] = "overfitting"
    sweep: SweepSpec
    columns: int = parameter(
        200,
        title="Combinations",
        help="Most that are looked at; of more, as many are drawn at random.",
        ge=2,
        le=1000,
        step=50,
    )
    blocks: int = parameter(16, title="Blocks", help="That time is cut into; even.", ge=2, le=20, step=2)
    samples: int = parameter(500, title="Samples", help="Resamples of the tests.", ge=100, le=10_000, step=100)
    seed: int = parameter(0, title="Seed", ge=0, le=2**31 - 1)

    @field_validator("blocks")
    @classmethod
    def _even(cls, blocks: int) -> int:
        if blocks % 2:
            raise ValueError(f"The number of blocks must be even, not {blocks}.")
        return blocks

    def label(self) -> str:
        return f"Overfitting of {self.sweep.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {**self.sweep.base.inputs(), "sweep": self.sweep}

    def estimate(self) -> Estimate:
        whole = self.sweep.estimate()
        accounts = self.columns * len(self.sweep.base.market.symbols)
        return Estimate(seconds=whole.seconds + 2 + 0.005 * accounts, megabytes=max(whole.megabytes, 300.0))

    def compute(self, inputs: Mapping[str, Any], progress: Progress) -> SweepOverfitting:
        from engine.research.overfitting import from_sweep
        from engine.research.reality import superior_ability

        sweep: SweepResult = inputs["sweep"]
        if reason := sweep.no_choice():
            raise DataError(f"Nothing was chosen here that could be overfitted. {reason}")
        choices = np.flatnonzero(sweep.choosable)
        chosen = choices[drawn(len(choices), self.columns, self.seed)]
        returns, hold, per_year = _returns(self.sweep.base, sweep, chosen, inputs, section(progress, 0.0, 0.7))
        progress(0.7, "Choosing on every half of the blocks")
        found = from_sweep(returns, per_year, self.blocks)
        nothing = np.zeros(len(hold))
        zero = superior_ability(returns, nothing, self.samples, self.seed, section(progress, 0.75, 0.87))
        held = superior_ability(returns, hold, self.samples, self.seed, section(progress, 0.87, 1.0))
        return SweepOverfitting(
            label=self.label(),
            family=sweep.family,
            combinations=chosen,
            whole=len(choices),
            logit=found.logit,
            inside=found.inside,
            outside=found.outside,
            columns=found.columns,
            blocks=found.blocks,
            probability=found.probability,
            slope=found.slope,
            intercept=found.intercept,
            loss=found.loss,
            spa_zero=zero.consistent,
            spa_hold=held.consistent,
            superior=chosen[np.array(held.superior, dtype=np.int64)],
        )


def drawn(whole: int, most: int, seed: int) -> NDArray[np.int64]:
    """Places of at most ``most`` of ``whole`` combinations, ascending, drawn without a look at any result."""
    if whole <= most:
        return np.arange(whole, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(whole, most, replace=False)).astype(np.int64)


def _returns(
    base: BacktestSpec, sweep: SweepResult, chosen: NDArray[np.int64], inputs: Mapping[str, Any], progress: Progress
) -> tuple[Floats, Floats, float]:
    """Bar returns (bars, combinations), those of holding, and bars a year."""
    from engine.backtest.assemble import curve
    from engine.backtest.measured import measured
    from engine.backtest.metrics import bar_returns
    from engine.backtest.portfolio import decide, held, keep_accounts
    from engine.backtest.sweeps.fields import changed
    from engine.market.bars import periods_per_year
    from engine.market.panel import calendar

    bars = measured(base, inputs["market"].bars, sweep.warm_up, inputs)
    time = calendar(bars)
    columns = []
    for count, place in enumerate(chosen.tolist()):
        progress(count / len(chosen), f"Returns of {count:,} of {len(chosen):,} combinations")
        spec = changed(base, sweep.settings(place))
        kept = keep_accounts(spec, bars, decide(spec, bars, inputs), listed=False)
        columns.append(bar_returns(curve(time, spec.capital, kept)))
    hold = bar_returns(curve(time, base.capital, held(base, bars)))
    return np.column_stack(columns), hold, periods_per_year(time)
