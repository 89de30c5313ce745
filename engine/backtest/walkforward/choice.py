"""Choosing among the combinations of a sweep, and the backtest that a choice stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps import views
from engine.backtest.sweeps.axes import choice
from engine.backtest.sweeps.fields import changed
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.rows import CheckCancelled, never_cancelled, numbered
from engine.core.store import Trial
from engine.market.bars import Floats


def eligible(found: SweepResult, objective: str, minimum_trades: int) -> NDArray[np.bool_]:
    """Combinations with a defined objective and enough trades, both of all symbols together."""
    return np.asarray(~np.isnan(found.metric(objective)) & (found.metric("trades") >= minimum_trades))


def choose(
    found: SweepResult, objective: str, minimum_trades: int, plateau: bool, look: CheckCancelled = never_cancelled
) -> int | None:
    """The combination to trade: the best one, or the one in the best neighbourhood (``views.plateau``) out of the
    eligible ones; of equals the first, None where there is none.
    """
    allowed = eligible(found, objective, minimum_trades)
    if not allowed.any():
        return None
    look()
    score = np.where(allowed, found.metric(objective), np.nan)
    if not plateau:
        return int(np.nanargmax(score))
    middle = views.plateau(found, score, look)
    return None if middle is None else middle.index


def with_values(
    base: BacktestSpec, axes: Sequence[str], words: Sequence[Sequence[str]], values: Floats
) -> BacktestSpec | None:
    """``base`` with ``values`` at the paths ``axes``, those with ``words`` being places in them; None where a value is
    NaN: nothing was chosen.
    """
    if np.isnan(values).any():
        return None
    plain = {
        path: choice(choices[int(value)]) if choices else int(value) if float(value).is_integer() else float(value)
        for path, choices, value in zip(axes, words, values, strict=True)
    }
    return changed(base, plain)


@dataclass(frozen=True)
class Tried:
    """Backtests of a sweep as trials: how many, how many of them have a Sharpe ratio, the mean and the variance (n - 1)
    of those per bar, and the returns behind each.
    """

    count: int
    rated: int
    mean: float
    variance: float
    observations: int


def tried(found: SweepResult) -> Tried:
    """Every combination, on however many symbols."""
    trial = found.trial()
    return Tried(trial.count, trial.ratios, trial.sharpe or 0.0, trial.variance, trial.observations)


def pooled(parts: Sequence[Tried]) -> Tried:
    """All of them together; the variance is that within the parts: nobody chooses among windows, and how markets differ
    from one to another says nothing about the luck of a choice.
    """
    rated = sum(part.rated for part in parts)
    mean = sum(part.rated * part.mean for part in parts) / max(rated, 1)
    free = sum(max(part.rated - 1, 0) for part in parts)
    within = sum(max(part.rated - 1, 0) * part.variance for part in parts)
    count = sum(part.count for part in parts)
    observations = round(sum(part.count * part.observations for part in parts) / max(count, 1))
    return Tried(count, rated, mean, within / max(free, 1), observations)


def as_trial(found: Tried, family: str, per_year: float) -> Trial:
    """What the ledger keeps of it; the account has ``per_year`` bars a year."""
    mean = found.mean if found.rated else None
    return Trial(family, mean, found.observations, found.count, found.variance, per_year, found.rated)


def agreement(inside: Floats, outside: Floats, look: CheckCancelled = never_cancelled) -> float:
    """Spearman's rank correlation of the pairs that are known; NaN for fewer than three or without spread."""
    known = ~np.isnan(inside) & ~np.isnan(outside)
    if known.sum() < 3:
        return float("nan")
    one, other = _ranks(inside[known], look), _ranks(outside[known], look)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: Floats, look: CheckCancelled) -> Floats:
    """From 1 on; equal values share the mean of their ranks."""
    place = numbered(values, look)[1]
    counts = np.bincount(place)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=np.float64)
