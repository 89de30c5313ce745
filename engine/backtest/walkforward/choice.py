"""Choice among the combinations of a sweep, and statistics of the trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps import views
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.rows import CheckCancelled, never_cancelled, unique_inverse
from engine.core.axes import choice_value
from engine.core.field_paths import changed
from engine.core.store import Trial
from engine.market.bars import Floats
from engine.models.scores import mean_ranks_of_groups


def eligible(found: SweepResult, objective: str, minimum_trades: int) -> NDArray[np.bool_]:
    """Mask of the combinations with a defined objective and enough trades, both of the portfolio."""
    return np.asarray(~np.isnan(found.metric(objective)) & (found.metric("trades") >= minimum_trades))


def choose(
    found: SweepResult,
    objective: str,
    minimum_trades: int,
    plateau: bool,
    check_cancelled: CheckCancelled = never_cancelled,
) -> int | None:
    """The combination to trade: the best eligible one, or the one in the best neighbourhood (``views.plateau``); the
    first of ties, None where none is eligible.
    """
    allowed = eligible(found, objective, minimum_trades)
    if not allowed.any():
        return None
    check_cancelled()
    score = np.where(allowed, found.metric(objective), np.nan)
    if not plateau:
        return int(np.nanargmax(score))
    middle = views.plateau(found, score, check_cancelled)
    return None if middle is None else middle.index


def with_values(
    base: BacktestSpec, axes: Sequence[str], words: Sequence[Sequence[str]], values: Floats
) -> BacktestSpec | None:
    """``base`` with ``values`` at the paths ``axes``, categorical ones as indices into ``words``; None where a value is
    NaN, for no choice.
    """
    if np.isnan(values).any():
        return None
    plain = {
        path: choice_value(choices[int(value)])
        if choices
        else int(value)
        if float(value).is_integer()
        else float(value)
        for path, choices, value in zip(axes, words, values, strict=True)
    }
    return changed(base, plain)


@dataclass(frozen=True)
class TrialStatistics:
    """Trials of a sweep: their ``count``, the number ``rated`` with a Sharpe ratio, mean and variance (n - 1) of the
    ratios per bar, and the number of returns of each.
    """

    count: int
    rated: int
    mean: float
    variance: float
    observations: int


def trial_statistics(found: SweepResult) -> TrialStatistics:
    """Statistics over all combinations."""
    trial = found.trial()
    return TrialStatistics(trial.count, trial.ratios, trial.sharpe or 0.0, trial.variance, trial.observations)


def pooled(parts: Sequence[TrialStatistics]) -> TrialStatistics:
    """Pooled statistics with the variance within the parts: the choice is made within a window, so the variation of the
    market between windows does not count.
    """
    rated = sum(part.rated for part in parts)
    mean = sum(part.rated * part.mean for part in parts) / max(rated, 1)
    free = sum(max(part.rated - 1, 0) for part in parts)
    within = sum(max(part.rated - 1, 0) * part.variance for part in parts)
    count = sum(part.count for part in parts)
    observations = round(sum(part.count * part.observations for part in parts) / max(count, 1))
    return TrialStatistics(count, rated, mean, within / max(free, 1), observations)


def as_trial(found: TrialStatistics, family: str, per_year: float) -> Trial:
    """The ledger entry, annualised by ``per_year``, the bars per year of the account."""
    mean = found.mean if found.rated else None
    return Trial(family, mean, found.observations, found.count, found.variance, per_year, found.rated)


def agreement(inside: Floats, outside: Floats, check_cancelled: CheckCancelled = never_cancelled) -> float:
    """Spearman's rank correlation of the known pairs; NaN for fewer than three pairs or a constant side."""
    known = ~np.isnan(inside) & ~np.isnan(outside)
    if known.sum() < 3:
        return float("nan")
    one, other = (mean_ranks_of_groups(unique_inverse(side[known], check_cancelled)[1]) for side in (inside, outside))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
