"""The result of a verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.store import Labelled
from engine.market.bars import Floats


@dataclass(frozen=True, eq=False, repr=False)
class VerificationResult(Labelled):
    """The numbers of every test, for ``verdict.assess_verified`` and for charts.

    ``metrics`` holds scalars by name (None is undefined; those of a skipped test are missing):

    - the run: ``years``, ``sharpe``, ``cagr``, ``benchmark_cagr``, ``total_return``, ``max_drawdown``, ``trades``;
    - its ``daily_returns.ReturnSample``: ``observations``, ``returns_per_year``, ``daily`` (1 or 0),
      ``sharpe_per_return``, ``skewness``, ``kurtosis``, and the annualised ``benchmark_sharpe``;
    - ``bootstrap_block`` (bars), ``bootstrap_sharpe_low`` and ``_high``, ``bootstrap_cagr_low`` and ``_high`` (95%);
    - ``random_own_total``, ``random_own_sharpe``, ``random_p_total``, ``random_p_sharpe``;
    - ``cost_break_even`` (multiple of the costs), ``jitter_profitable`` and ``noise_profitable`` (shares);
    - ``spa_zero`` and ``spa_hold`` (consistent p-values of the best variant over nothing and over buy and hold),
      ``stepm_zero`` and ``stepm_hold`` (variants that are superior), ``spa_variants``;
    - ``ruin`` and ``drawdown_block`` (bars), see ``drawdowns.BootstrapPaths``; ``removed_until_nothing``;
    - ``fill_next_open``, ``fill_same_close``, ``fill_best``, ``fill_worst`` (total returns), ``fill_ambiguous`` (bars),
      ``fill_stale`` (share).

    Distributions, one entry per sample, each sorted: ``bootstrap_sharpe``, ``bootstrap_cagr``;
    ``random_total``, ``random_sharpe``; ``noise_total``, ``noise_sharpe``; ``drawdown`` of resampled histories and
    ``order_drawdown`` of the trades in random order (``trade_order.reorder``; empty where any overlap).
    ``fan`` is (bands, points) at the bars ``fan_bars``, see ``drawdowns.BootstrapPaths``.
    Curves: total return and Sharpe ratio at each ``cost_multiple``; ``delay_bars``; of each variant
    (``jitter_field``, ``jitter_change``, ``jitter_value``); ``removed_total[n]`` without the n best trades.
    Tables: ``crisis_*`` (see ``regimes.Crisis``) and ``regime_*`` (see ``regimes.Regime``; NaN for None).
    ``look_ahead`` is the sentence of the first decision that used the future, empty where none was found. ``skipped``
    maps skipped tests to the reason. ``resized`` is that of the ``BacktestResult``.
    """

    label: str
    family: str
    periods_per_year: float
    metrics: dict[str, float | None]
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
    resized: bool = False

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "metrics": self.metrics,
            "look_ahead": self.look_ahead,
            "skipped": self.skipped,
        }
