"""The request to put a backtest to every test there is, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.spec import BacktestSpec
from engine.core.progress import Progress, silent
from engine.core.registry import is_all_built_in
from engine.core.spec import Estimate, RunSpec, parameter
from engine.core.store import Labelled
from engine.market.bars import Floats

NOISE_RUNS, NULL_RUNS = 10, 5
"""One backtest on noisy prices, or of shuffled weights, for so many samples: each costs a whole simulation."""


@dataclass(frozen=True, eq=False, repr=False)
class VerificationResult(Labelled):
    """The numbers of every test, for ``verdict.judge_fully`` and for charts.

    ``figures`` holds single numbers by name (None is undefined; a test that was not possible leaves its own out):

    - the run: ``observations`` (returns), ``years``, ``sharpe_per_bar``, ``skewness``, ``kurtosis``, ``sharpe``,
      ``cagr``, ``benchmark_cagr``, ``benchmark_sharpe``, ``total_return``, ``max_drawdown``, ``trades``;
    - ``bootstrap_block`` (bars), ``bootstrap_sharpe_low`` and ``_high``, ``bootstrap_cagr_low`` and ``_high`` (95%);
    - ``random_own_total``, ``random_own_sharpe``, ``random_p_total``, ``random_p_sharpe``;
    - ``cost_break_even`` (multiple of the costs), ``jitter_profitable`` and ``noise_profitable`` (shares);
    - ``spa_zero`` and ``spa_hold`` (consistent p-values of the best variant over nothing and over buy and hold),
      ``stepm_zero`` and ``stepm_hold`` (variants that are superior), ``spa_variants``;
    - ``ruin`` and ``drawdown_block`` (bars), see ``drawdowns.Histories``; ``removed_until_nothing``;
    - ``fill_next_open``, ``fill_same_close``, ``fill_best``, ``fill_worst`` (total returns), ``fill_ambiguous`` (bars),
      ``fill_stale`` (share).

    Distributions, one entry a sample, sorted each by itself: ``bootstrap_sharpe``, ``bootstrap_cagr``;
    ``random_total``, ``random_sharpe``; ``noise_total``, ``noise_sharpe``; ``drawdown`` of resampled histories and
    ``order_drawdown`` of the trades in other orders (``sequence.reorder``; empty where any overlap).
    ``fan`` is (bands, points) at the bars ``fan_bars``, see ``drawdowns.Histories``.
    Curves: total return and Sharpe ratio at each ``cost_multiple``; ``delay_bars``; of each variant
    (``jitter_field``, ``jitter_change``, ``jitter_value``); ``removed_total[n]`` without the n best trades.
    Tables: ``crisis_*`` (see ``regimes.Crisis``) and ``regime_*`` (see ``regimes.Regime``; NaN for None).
    ``look_ahead`` is the sentence of the first decision that used the future, empty where none was found. ``skipped``
    says by name of a test why it was not possible.
    """

    label: str
    family: str
    periods_per_year: float
    figures: dict[str, float | None]
    bootstrap_sharpe: Floats
    bootstrap_cagr: Floats
    random_total: Floats
    random_sharpe: Floats
    noise_total: Floats
    noise_sharpe: Floats
    cost_multiple: Floats
    cost_total: Floats
    cost_sharpe: Floats
    delay_bars: NDArray[np.int64]
    delay_total: Floats
    delay_sharpe: Floats
    jitter_field: tuple[str, ...]
    jitter_change: Floats
    jitter_value: Floats
    jitter_total: Floats
    jitter_sharpe: Floats
    drawdown: Floats
    order_drawdown: Floats
    fan: Floats
    fan_bars: NDArray[np.int64]
    removed_total: Floats
    crisis_name: tuple[str, ...]
    crisis_start: tuple[str, ...]
    crisis_end: tuple[str, ...]
    crisis_total: Floats
    crisis_benchmark: Floats
    crisis_whole: tuple[bool, ...]
    regime_name: tuple[str, ...]
    regime_share: Floats
    regime_sharpe: Floats
    regime_mean: Floats
    regime_benchmark_sharpe: Floats
    regime_benchmark_mean: Floats
    look_ahead: str
    skipped: dict[str, str]

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "figures": self.figures,
            "look_ahead": self.look_ahead,
            "skipped": self.skipped,
        }


class VerificationSpec(RunSpec):
    """Every test of ``engine.research`` on one backtest, one that is refused for its look at the future included: what
    is not the engine's own is run here, so that it gets its verdict.
    """

    kind: Literal["verification"] = "verification"
    backtest: BacktestSpec
    samples: int = parameter(
        1000,
        title="Samples",
        help="Random draws of each test; of backtests on noisy prices a tenth, of shuffled weights a fifth.",
        ge=100,
        le=20_000,
        step=100,
        section="Verification",
    )
    noise: float = parameter(
        0.1,
        title="Noise",
        help="Standard deviation of the noise added to prices, in average true ranges of 14 bars.",
        gt=0,
        le=2,
        step=0.05,
        section="Verification",
    )
    seed: int = parameter(0, title="Seed", help="Of every random draw.", ge=0, le=2**31 - 1, section="Verification")

    def label(self) -> str:
        return f"Verification of {self.backtest.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        needed = self.backtest.inputs()
        return {**needed, "backtest": self.backtest} if is_all_built_in(self.backtest) else needed

    def estimate(self) -> Estimate:
        runs = 80 + self.samples / NOISE_RUNS + self.samples / NULL_RUNS
        once = 0.003 + 0.004 * len(self.backtest.market.symbols)
        whole = self.backtest.estimate()
        return Estimate(
            seconds=whole.seconds + 0.5 + runs * once + self.samples / 500,
            megabytes=max(whole.megabytes, 300.0),
        )

    def compute(self, inputs: Mapping[str, Any], progress: Progress) -> VerificationResult:
        from engine.backtest.portfolio import run_portfolio
        from engine.research.battery import verify

        if "backtest" not in inputs:
            inputs = {**inputs, "backtest": run_portfolio(self.backtest, inputs, silent)}
        return verify(self, inputs, progress)
