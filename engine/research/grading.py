"""Findings of a verification: each test in plain words, with its grade and remedy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.research import robustness
from engine.research.drawdowns import RUIN
from engine.research.findings import Finding, Grade
from engine.research.robustness import number, percent
from engine.research.sweep_overfitting.result import SweepOverfitting
from engine.research.verification.result import VerificationResult

RARE, UNUSUAL = 0.05, 0.20
"""p-values: one in twenty is the convention of the field; one in five is no more than a hint."""
OVERFIT, LIKELY_OVERFIT = 0.20, 0.50
"""Probability of backtest overfitting: at one half the winner of a sweep is out of sample as good as any other column,
so that the selection was worthless; at one fifth the selection still pays four times in five."""
RUIN_RARE, RUIN_SOME = 0.01, 0.05
"""Probability of losing half from a high: one in a hundred is prudent, one in twenty a gamble."""
MINIMUM_TRADE_SHARE = 0.05
"""Fraction of the trades that must not carry the whole profit, as it may not be repeated."""
MINIMUM_SHARING = 5
"""Winners that must share the profit however few trades there are."""


def findings(
    result: VerificationResult, overfitting: SweepOverfitting | None, place: int | None
) -> tuple[Finding, ...]:
    """One finding for each test that was possible, the most important first; ``place`` is the run's index
    in the sweep.
    """
    found = [test(result) for test in _ALL]
    chosen = [] if overfitting is None else [_overfitting(overfitting), _best_of_sweep(overfitting, place)]
    return (*chosen, *(finding for finding in found if finding is not None))


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def _grade_p(value: float) -> Grade:
    return "good" if value <= RARE else "doubtful" if value <= UNUSUAL else "bad"


def _overfitting(found: SweepOverfitting) -> Finding:
    value = found.probability
    grade: Grade = "good" if value <= OVERFIT else "doubtful" if value <= LIKELY_OVERFIT else "bad"
    return Finding(
        "Chosen by skill, not by search",
        grade,
        percent(value),
        f"Probability of backtest overfitting: share of {len(found.logit):,} splits into halves in which the best "
        f"of {found.columns:,} combinations of its sweep on one half was no better than the median on the other.",
        "overfitting",
        "" if grade == "good" else "Fewer variants, or a region of parameters that all do well, chosen before looking.",
    )


def _best_of_sweep(found: SweepOverfitting, place: int | None) -> Finding:
    """Never bad, as ``_superior_ability``."""
    value = found.spa_hold
    grade: Grade = "good" if value <= RARE else "doubtful"
    count, tested = f"{len(found.superior):,}" if len(found.superior) else "none", place in found.combinations.tolist()
    remark = ", this run among them" if place in found.superior.tolist() else ", not this run"
    return Finding(
        "Best of the sweep beats buy and hold",
        grade,
        _p(value),
        f"Test of superior predictive ability of {found.columns:,} combinations of the sweep. Superior to buy and hold "
        f"at a familywise error rate of 5% (StepM): {count}{remark if tested and len(found.superior) else ''}.",
        "sweep",
        ""
        if grade == "good"
        else "A sweep whose best beats what a random search would give: fewer combinations or a larger edge.",
    )


def _look_ahead(result: VerificationResult) -> Finding | None:
    if "look_ahead" in result.skipped:
        return None
    return Finding(
        "Uses only the past",
        "bad" if result.look_ahead else "good",
        "no" if result.look_ahead else "yes",
        result.look_ahead or "Decisions on truncated history are the same as on the full history.",
        "look_ahead",
        "Fix the strategy: a decision at a close may use that bar and earlier ones only." if result.look_ahead else "",
    )


def _interval(result: VerificationResult) -> Finding | None:
    low, high = (result.metrics.get(f"bootstrap_sharpe_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return None
    middle = float(np.median(result.bootstrap_sharpe))
    grade: Grade = "good" if low > 0 else "doubtful" if middle > 0 else "bad"
    return Finding(
        "Sharpe ratio interval",
        grade,
        f"{number(low)} to {number(high)}",
        f"95% interval of the annualised ratio over {len(result.bootstrap_sharpe):,} histories resampled in blocks of "
        f"{result.metrics['bootstrap_block']:.1f} bars.",
        "bootstrap",
        "" if grade == "good" else "A longer history: four times the data halves this interval.",
    )


def _random(result: VerificationResult) -> Finding | None:
    value = result.metrics.get("random_p_sharpe")
    if value is None:
        return None
    grade = _grade_p(value)
    if result.resized:
        return Finding(
            "Better than shuffled weights",
            grade,
            _p(value),
            f"Share of {len(result.random_sharpe):,} backtests with the same weights at other times and on other "
            "symbols, at the same costs, with a Sharpe ratio at least as high.",
            "random",
            "" if grade == "good" else "Weights with information: as it is, any such weights explain the result.",
        )
    return Finding(
        "Better than random entries",
        grade,
        _p(value),
        f"Share of {len(result.random_sharpe):,} lists of the same trades at random times, equally long and at the "
        "same costs, with a Sharpe ratio at least as high.",
        "random",
        "" if grade == "good" else "Entries with information: as it is, being in the market explains the result.",
    )


def _superior_ability(result: VerificationResult) -> Finding | None:
    value, count = result.metrics.get("spa_hold"), result.metrics.get("spa_variants")
    if value is None or count is None:
        return None
    # Never bad: a strategy may be worth its smaller risk without a higher mean.
    grade: Grade = "good" if value <= RARE else "doubtful"
    others = count - 1
    who = f"neither the strategy nor any of its {others:.0f} neighbours beat" if others else "the strategy did not beat"
    return Finding(
        "Beats buy and hold on average",
        grade,
        _p(value),
        f"Test of superior predictive ability: if {who} buy and hold in the mean, the best would look as good "
        "with this probability.",
        "spa",
        "" if grade == "good" else "A higher mean return than buy and hold; lower risk does not count here.",
    )


def _ruin(result: VerificationResult) -> Finding | None:
    """Bad also where the run itself had such a drawdown, whatever the samples say."""
    chance, actual = result.metrics.get("ruin"), result.metrics.get("max_drawdown") or 0.0
    if chance is None:
        return None
    grade: Grade = "bad" if chance > RUIN_SOME or actual <= -RUIN else "doubtful" if chance > RUIN_RARE else "good"
    draws, deep = len(result.drawdown), float(np.quantile(result.drawdown, 0.05))
    return Finding(
        "Risk of ruin",
        grade,
        percent(chance, 1) if chance else f"none of {draws:,}",
        f"Probability of a drawdown of {percent(RUIN)} or more in a history as long as this one, resampled in blocks "
        f"of {result.metrics['drawdown_block']:.1f} bars. One in twenty has {percent(abs(deep), 1)} or more; the "
        f"backtest itself had {percent(abs(actual), 1)}.",
        "drawdowns",
        "" if grade == "good" else "Smaller positions or a stop.",
    )


def _concentration(result: VerificationResult) -> Finding | None:
    count, trades = result.metrics.get("removed_until_nothing"), result.metrics.get("trades")
    if count is None or not trades:
        return None
    grade: Grade = (
        "bad" if not count else "good" if count >= max(MINIMUM_TRADE_SHARE * trades, MINIMUM_SHARING) else "doubtful"
    )
    return Finding(
        "Not a few lucky trades",
        grade,
        f"{count:.0f} of {trades:.0f}",
        "Number of best trades that make up the whole profit: without them nothing is left."
        if count
        else "No profit to attribute to trades.",
        "removed",
        "" if grade == "good" else "A profit that many trades share.",
    )


_ALL: tuple[Callable[[VerificationResult], Finding | None], ...] = (
    _look_ahead,
    _interval,
    _random,
    _superior_ability,
    robustness.costs,
    robustness.delay,
    robustness.neighbours,
    robustness.noise,
    _concentration,
    robustness.fills,
    _ruin,
    robustness.regimes,
    robustness.crises,
)
