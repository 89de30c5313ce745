"""Several runs combined: their returns on common bars, the correlations of these, and a portfolio of the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import equity_metrics
from engine.backtest.reports.breakdown import is_intraday
from engine.backtest.result import BacktestResult
from engine.core.errors import DataError
from engine.market.bars import Floats, Times, periods_per_year
from engine.market.days import Days

Weighting = Literal["equal", "inverse_volatility"]
Rebalancing = Literal["never", "monthly"]

MINIMUM_BARS = 30
"""Common bars required for correlations."""

MINIMUM_RETURNS = 20
"""Returns required for inverse volatility weights; equal weights before."""


@dataclass(frozen=True, eq=False)
class CommonBars:
    """Runs on the bars that all of them have: ``growth`` is (bars, runs), 1 at the first of these bars. ``by_day``:
    they are days, each with the last equity in it, because some of the runs are on hours and some on days. ``days`` are
    the trading days of the bars, the earliest of all runs.
    """

    time: Times
    growth: Floats
    days: Days
    by_day: bool = False

    def mean_sharpe(self) -> float | None:
        """Mean Sharpe ratio of the runs over these bars; None where one of them has none."""
        per_year = periods_per_year(self.time)
        found = [equity_metrics(self.time, growth, per_year)["sharpe"] for growth in self.growth.T]
        known = [value for value in found if value is not None]
        return float(np.mean(known)) if len(known) == len(found) else None

    @property
    def returns(self) -> Floats:
        """Simple returns from one common bar to the next, one fewer than bars; zero after ruin."""
        before = self.growth[:-1]
        returns: Floats = np.divide(self.growth[1:], before, out=np.ones(before.shape), where=before > 0) - 1
        return returns

    def correlation(self) -> Floats:
        """Pearson correlation of the returns, (runs, runs); NaN for a run with constant equity."""
        returns = self.returns
        centred = returns - returns.mean(axis=0)
        size = np.sqrt((centred**2).sum(axis=0))
        with np.errstate(invalid="ignore", divide="ignore"):
            unit = centred / np.where(size > 1e-14 * len(returns), size, np.nan)
        found: Floats = np.clip(unit.T @ unit, -1.0, 1.0)
        np.fill_diagonal(found, np.where(np.isnan(np.diag(found)), np.nan, 1.0))
        return found


@dataclass(frozen=True, eq=False)
class CombinedPortfolio:
    """A portfolio of runs: ``growth`` of 1, the ``weights`` (rebalancings, runs) set at the bars ``rebalanced``, and
    ``metrics.equity_metrics``.
    """

    time: Times
    growth: Floats
    weights: Floats
    rebalanced: Times
    metrics: dict[str, float | None]


def common(runs: Sequence[BacktestResult]) -> CommonBars:
    """``runs`` on their common bars. Raises ``DataError`` where these are fewer than ``MINIMUM_BARS``."""
    by_day = len({is_intraday(run) for run in runs}) > 1
    series = [_days(run) if by_day else (run.time, run.equity) for run in runs]
    time = reduce(np.intersect1d, [moments for moments, _ in series])
    if len(time) < MINIMUM_BARS:
        bars = "no bar" if len(time) == 0 else f"only {len(time)} bars"
        raise DataError(
            f"These runs have {bars} in common, so they cannot be correlated or combined: choose runs of the "
            "same interval whose ranges overlap."
        )
    equity = np.column_stack([values[np.searchsorted(moments, time)] for moments, values in series])
    days = [run.days_at(time) for run in runs if not by_day] or [time.astype("datetime64[D]")]
    return CommonBars(time, equity / equity[0], np.maximum.accumulate(np.minimum.reduce(days)), by_day)


def _days(run: BacktestResult) -> tuple[Times, Floats]:
    """The trading days of a run and its last equity on each."""
    last = np.append(run.days[1:] != run.days[:-1], True)
    return run.days[last].astype("datetime64[ms]"), run.equity[last]


def combine(runs: CommonBars, weighting: Weighting, rebalancing: Rebalancing) -> CombinedPortfolio:
    """A portfolio of ``runs``, bought at the first common bar's close, without the cost of rebalancing among them.

    "never" lets the weights drift; "monthly" rebalances at the last bar of each calendar month. Inverse volatility uses
    the standard deviation of the returns so far, without look-ahead; with "never" there is no past, and it uses that of
    all returns, in hindsight, which has to be stated wherever it is shown.
    """
    count = runs.growth.shape[1]
    starts = _month_ends(runs.days) if rebalancing == "monthly" else np.zeros(1, dtype=np.int64)
    returns, growth, weights = runs.returns, np.ones(len(runs.time)), np.empty((len(starts), count))
    for place, start in enumerate(starts):
        stop = int(starts[place + 1]) if place + 1 < len(starts) else len(runs.time) - 1
        past = returns if rebalancing == "never" else returns[:start]
        weights[place] = _weights(past, weighting, count)
        held = np.cumprod(1 + returns[start:stop], axis=0)
        growth[start + 1 : stop + 1] = growth[start] * (held @ weights[place])
    metrics = equity_metrics(runs.time, growth, periods_per_year(runs.time))
    return CombinedPortfolio(runs.time, growth, weights, runs.time[starts], metrics)


def _month_ends(days: Days) -> NDArray[np.int64]:
    """The first bar and the last one of each calendar month, except the last bar of all."""
    months = days.astype("datetime64[M]")
    ends = np.flatnonzero(months[1:] != months[:-1])
    return np.unique(np.concatenate(([0], ends))).astype(np.int64)


def _weights(returns: Floats, weighting: Weighting, count: int) -> Floats:
    equal = np.full(count, 1 / count)
    if weighting == "equal" or len(returns) < MINIMUM_RETURNS:
        return equal
    volatility = np.std(returns, axis=0, ddof=1)
    if not (volatility > 1e-14).all():  # a run that has not moved yet would take everything
        return equal
    weights: Floats = (1 / volatility) / (1 / volatility).sum()
    return weights
