"""The result of a walk-forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns
from engine.backtest.spec import BacktestSpec
from engine.backtest.walkforward.choice import with_values
from engine.backtest.walkforward.stability import Stability, stability
from engine.backtest.wording import measured_from
from engine.core.store import Labelled, Trial
from engine.market.bars import MILLISECONDS_PER_YEAR, Floats, Times
from engine.market.days import Dated, Days, Zones, no_days, no_times

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class WalkForwardResult(Labelled, Dated):
    """Parameters re-optimised on each training period, and their results out of sample.

    Over the axes: ``axes`` (paths), ``titles``, ``units``, ``values`` (all tried, ascending; categorical ones as
    indices), ``words`` (options; empty for numbers), ``hindsight_parameters`` (NaN where nothing was eligible).

    Over the windows: first and last bar of training and test, datetime64[ms]; the numbers of their bars (on the union
    of the symbols' calendars); ``parameters`` (windows, axes), NaN where no combination was eligible and the account
    stayed in cash; ``combinations`` tried, of which ``eligible`` made enough trades in training;
    ``in_*`` and ``out_*``: annualised Sharpe ratio, total return, CAGR, maximum drawdown, number of trades, NaN where
    undefined; ``in_*`` of the chosen parameters on the training bars, ``out_*`` on the test bars. ``agreement`` is the
    rank correlation (Spearman) of the Sharpe ratios of all combinations in training and in test. ``held_before`` marks
    tests before which the last decision left a position open. ``test_prior`` is the close before each test, from which
    ``out_*`` are measured: the account has its capital then.

    Over all test bars: ``time``, ``equity`` of one account through all tests, ``benchmark`` (buy and hold of the same
    symbols), ``hindsight`` (the combination that was best on these very bars) and ``window``, each bar's window.
    ``metrics``, ``benchmark_metrics`` and ``hindsight_metrics`` are ``metrics.equity_metrics`` of the three.

    ``cloud_*`` are Sharpe ratios of up to ``CLOUD`` combinations, sampled from all windows, in training and test.
    ``tried_*`` is the ledger entry of all combinations of all trainings. The first training begins after a warm-up of
    ``warm_up`` bars, of which ``warm_up_in_range`` are in the range, on the common calendar. ``base`` is the JSON of
    the varied backtest. ``planned`` windows fit the bars, of which those here are the first. ``zones`` are those of
    the symbols' exchanges, empty for daily bars; ``day_starts`` and ``start_days`` are those of ``days.Dated``.
    """

    label: str
    family: str
    currency: str
    symbols: tuple[str, ...]
    zones: Zones
    objective: str
    periods_per_year: float
    capital: float
    base: str
    axes: tuple[str, ...]
    titles: tuple[str, ...]
    units: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    values: tuple[tuple[float, ...], ...]
    hindsight_parameters: Floats
    train_first: Times
    train_last: Times
    test_prior: Times
    test_first: Times
    test_last: Times
    train_bars: Counts
    test_bars: Counts
    parameters: Floats
    combinations: Counts
    eligible: Counts
    in_sharpe: Floats
    in_return: Floats
    in_growth: Floats
    in_drawdown: Floats
    in_trades: Floats
    out_sharpe: Floats
    out_return: Floats
    out_growth: Floats
    out_drawdown: Floats
    out_trades: Floats
    agreement: Floats
    held_before: NDArray[np.bool_]
    time: Times
    equity: Floats
    benchmark: Floats
    hindsight: Floats
    window: Counts
    metrics: dict[str, float | None]
    benchmark_metrics: dict[str, float | None]
    hindsight_metrics: dict[str, float | None]
    cloud_window: Counts
    cloud_in: Floats
    cloud_out: Floats
    tried_count: int
    tried_rated: int
    tried_mean: float
    tried_variance: float
    tried_observations: int
    warm_up: int
    warm_up_in_range: int = field(metadata={"formerly": "waited"})
    warnings: tuple[str, ...]
    planned: int = 0
    day_starts: Times = field(default_factory=no_times)
    start_days: Days = field(default_factory=no_days)

    def returns(self) -> Floats:
        """Simple returns of the stitched account from bar to bar, one fewer than bars."""
        return bar_returns(self.equity)

    def measured(self) -> str:
        """The first day of the first training and the reason for it, as a sentence."""
        first_month = "the first month in which every combination could trade"
        return measured_from(self.day(self.train_first[0]), self.warm_up, self.warm_up_in_range, "Trained", first_month)

    @property
    def left(self) -> int:
        """Planned windows that are not done."""
        return max(self.planned - len(self.test_first), 0)

    @property
    def traded(self) -> NDArray[np.bool_]:
        """Windows in which a combination was chosen."""
        return np.asarray(self.eligible > 0)

    @property
    def profitable(self) -> int:
        """Windows with a profit out of sample."""
        return int(np.sum(self.out_return > 0))

    @property
    def losing(self) -> int:
        """Windows with a loss out of sample."""
        return int(np.sum(self.out_return < 0))

    def efficiency(self) -> float | None:
        """Walk-forward efficiency (Pardo 2008): annualised growth out of sample over that in training, each compounded
        over the windows with a choice. None where the training earned nothing.
        """
        years = self._years(self.test_prior, self.test_last)
        return ratio(_growth(self.out_return[self.traded], years), self.in_sample_growth())

    def in_sample_growth(self) -> float:
        """Annualised growth of the chosen parameters in training, compounded over the windows with a choice."""
        return _growth(self.in_return[self.traded], self._years(self.train_first, self.train_last))

    def efficiencies(self) -> Floats:
        """Walk-forward efficiency of each window; NaN where its training earned nothing."""
        found = [ratio(out, within) for out, within in zip(self.out_growth, self.in_growth, strict=True)]
        return np.array([np.nan if value is None else value for value in found])

    def stability(self) -> tuple[Stability, ...]:
        """Stability of the chosen values of each axis."""
        return tuple(
            stability(self.parameters[:, axis], self.values[axis], bool(self.words[axis]))
            for axis in range(len(self.axes))
        )

    def steadiness(self) -> float | None:
        """Share of windows whose values equal or neighbour those of the window before, mean over the axes."""
        known = [item.near for item in self.stability() if item.near is not None]
        return float(np.mean(known)) if known else None

    def steadiness_by_chance(self) -> float:
        """``steadiness`` of values drawn at random."""
        return float(np.mean([item.chance for item in self.stability()]))

    def median_agreement(self) -> float | None:
        """Median of the ``agreement`` of the windows that have one; None without any."""
        known = self.agreement[np.isfinite(self.agreement)]
        return float(np.median(known)) if len(known) else None

    def word(self, axis: int, value: float) -> str:
        """A value of an axis as text; "" for NaN."""
        if np.isnan(value):
            return ""
        return self.words[axis][int(value)] if self.words[axis] else f"{value:,.6g}"

    def spec_of(self, window: int) -> BacktestSpec | None:
        """The backtest with the parameters of ``window``, over all its bars; None where it chose none."""
        return self._spec(self.parameters[window])

    def hindsight_spec(self) -> BacktestSpec | None:
        """The backtest with the parameters that were best on the test bars."""
        return self._spec(self.hindsight_parameters)

    def _spec(self, values: Floats) -> BacktestSpec | None:
        base = BacktestSpec.model_validate_json(self.base)
        return with_values(base, self.axes, self.words, values)

    def trial(self) -> Trial:
        """The ledger entry: every combination of every training is a trial."""
        mean = self.tried_mean if self.tried_rated else None
        return Trial(
            self.family, mean, self.tried_observations, self.tried_count, self.tried_variance,
            self.periods_per_year, self.tried_rated,
        )  # fmt: skip

    def summary(self) -> Mapping[str, object]:
        """Key metrics for the command line and the library of runs."""
        return {
            "label": self.label,
            "first": str(self.time[0]),
            "last": str(self.time[-1]),
            "measured": self.measured(),
            "windows": len(self.test_first),
            "planned": max(self.planned, len(self.test_first)),
            "profitable": self.profitable,
            "efficiency": self.efficiency(),
            "metrics": self.metrics,
            "benchmark": self.benchmark_metrics,
            "hindsight": self.hindsight_metrics,
            "warnings": list(self.warnings),
        }

    def _years(self, first: Times, last: Times) -> float:
        """From ``first`` to ``last`` of all windows that chose something."""
        return float(np.sum((last - first)[self.traded] / np.timedelta64(1, "ms"))) / MILLISECONDS_PER_YEAR


def ratio(out: float, within: float) -> float | None:
    """``out`` over ``within`` where that is positive."""
    return out / within if within > 0 and np.isfinite(out) else None


def _growth(totals: Floats, years: float) -> float:
    """Annualised growth of the compounded ``totals``; -1 after ruin."""
    grown = np.log1p(np.maximum(totals, -1 + 1e-300)).sum() / max(years, 1e-9)
    return float(np.expm1(min(grown, 700.0)))
