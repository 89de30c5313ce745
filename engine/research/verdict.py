"""One answer to "is it real?", with what was tested and what would change it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal

import numpy as np

from engine.backtest.result import BacktestResult
from engine.market.bars import MILLISECONDS_PER_YEAR
from engine.research.ledger import pool
from engine.research.overfitting import Overfitting
from engine.research.statistics import (
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)
from engine.research.verification import VerificationResult
from engine.store import Trial

Grade = Literal["good", "doubtful", "bad"]
CONFIDENT, LIKELY = 0.95, 0.50
"""One in twenty is the error that the papers accept; below one half the opposite is the likelier."""
FEWEST_TRADES = 30
"""From about thirty on the mean of trades is near enough to normal for its error to mean something."""


@dataclass(frozen=True)
class Finding:
    """One test: what was asked in plain words, its grade, the figure to print, and what the figure is.

    ``test`` names it for a page that shows more of it ("costs"); ``remedy`` is a sentence on what would change the
    answer, empty where the grade is good.
    """

    question: str
    grade: Grade
    figure: str
    explanation: str
    test: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Verdict:
    """``headline`` in two words, ``reason`` in a sentence, the findings behind it, and the number of trials."""

    headline: str
    reason: str
    findings: tuple[Finding, ...]
    trials: int

    @property
    def changes(self) -> tuple[str, ...]:
        """What would change the answer, what weighs most first."""
        ranked = sorted(self.findings, key=lambda finding: ("bad", "doubtful", "good").index(finding.grade))
        return tuple(finding.remedy for finding in ranked if finding.remedy)


@dataclass(frozen=True)
class Evidence:
    """What the verdict needs of a run: ratios per bar, returns, growth a year."""

    sharpe: float
    skewness: float
    kurtosis: float
    observations: int
    years: float
    periods_per_year: float
    cagr: float
    benchmark_cagr: float
    trades: int


def judge(result: BacktestResult, trials: tuple[Trial, ...]) -> Verdict:
    """The verdict on ``result``, given every trial of its family, its own among them. Simulates nothing."""
    try:
        sharpe, skewness, kurtosis = moments(result.returns())
    except ValueError:
        return _nothing(trials)
    span = float((result.time[-1] - result.time[0]) / np.timedelta64(1, "ms"))
    evidence = Evidence(
        sharpe=sharpe,
        skewness=skewness,
        kurtosis=kurtosis,
        observations=len(result.time) - 1,
        years=span / MILLISECONDS_PER_YEAR,
        periods_per_year=result.periods_per_year,
        cagr=result.metrics["cagr"] or 0.0,
        benchmark_cagr=result.benchmark_metrics["cagr"] or 0.0,
        trades=int(result.metrics["trades"] or 0),
    )
    return weigh(evidence, trials)


def judge_fully(
    verification: VerificationResult, trials: tuple[Trial, ...], overfitting: Overfitting | None = None
) -> Verdict:
    """The verdict with every test of ``verification``, and of the sweep that chose the run where there was one."""
    from engine.research.grading import findings

    known = verification.figures
    if known["sharpe_per_bar"] is None:
        return _nothing(trials)
    evidence = Evidence(
        sharpe=known["sharpe_per_bar"],
        skewness=known["skewness"] or 0.0,
        kurtosis=known["kurtosis"] or 0.0,
        observations=int(known["observations"] or 0),
        years=known["years"] or 0.0,
        periods_per_year=verification.periods_per_year,
        cagr=known["cagr"] or 0.0,
        benchmark_cagr=known["benchmark_cagr"] or 0.0,
        trades=int(known["trades"] or 0),
    )
    first = weigh(evidence, trials)
    more = findings(verification, overfitting)
    headline, reason = first.headline, first.reason
    failed = [finding for finding in more if finding.grade == "bad"]
    if verification.look_ahead:
        headline, reason = "No.", f"{verification.look_ahead} Its figures mean nothing."
    elif failed and headline in ("Perhaps.", "Not worth it."):
        names = " and ".join(f"“{finding.question}”" for finding in failed[:2])
        count = f"{len(failed)} of {len(more)} tests"
        headline, reason = "Fragile.", f"The ratio stands, but it fails {count}, {names} among them."
        if len(failed) <= 2:
            reason = f"The ratio stands, but it fails {names}."
    return Verdict(headline, reason, (*first.findings, *more), first.trials)


def weigh(evidence: Evidence, trials: tuple[Trial, ...]) -> Verdict:
    """The verdict on the figures of a run alone."""
    tried = pool(trials, evidence.periods_per_year)
    count = max(tried.count, 1)
    # Without two ratios the spread of luck is not known: it is then that of ratios measured on as many returns.
    variance = tried.variance if tried.rated > 1 else 1 / max(evidence.observations - 1, 1)
    shape = (evidence.observations, evidence.skewness, evidence.kurtosis)
    positive = probabilistic_sharpe(evidence.sharpe, 0.0, *shape)
    deflated = deflated_sharpe(evidence.sharpe, variance, count, *shape)
    luck = expected_maximum_sharpe(variance, count)
    edge = evidence.cagr - evidence.benchmark_cagr
    findings = (
        Finding(
            "Sharpe above zero",
            grade(positive),
            f"{positive:.2f}",
            "Probabilistic Sharpe ratio: the probability that the true ratio is positive, from "
            f"{evidence.observations:,} returns.",
            "sharpe",
            "" if positive >= CONFIDENT else _longer(evidence, 0.0),
        ),
        Finding(
            f"Sharpe after {count:,} {'trial' if count == 1 else 'trials'}",
            grade(deflated),
            f"{deflated:.2f}",
            f"Deflated Sharpe ratio: the probability of beating {luck * sqrt(evidence.periods_per_year):.2f} a year, "
            f"which the best of {count:,} trials of this family without skill would reach."
            if count > 1
            else "Deflated Sharpe ratio: with a single trial of this family, the probability of a positive ratio.",
            "trials",
            "" if deflated >= CONFIDENT else _longer(evidence, luck),
        ),
        Finding(
            "Against buy and hold",
            "good" if edge > 0 else "bad",
            f"{edge * 100:+.2f}% a year".replace("-", "\N{MINUS SIGN}"),
            "Growth a year above that of holding the same symbols at the same costs.",
            "hold",
            "" if edge > 0 else "Holding the same symbols has to be beaten, or the same growth reached at less risk.",
        ),
        _trades(evidence.trades),
        _record(evidence, luck),
    )
    return Verdict(*_headline(positive, deflated, edge), findings, count)


def grade(probability: float) -> Grade:
    """Good from 0.95, doubtful from 0.50."""
    return "good" if probability >= CONFIDENT else "doubtful" if probability >= LIKELY else "bad"


def _nothing(trials: tuple[Trial, ...]) -> Verdict:
    count = max(sum(trial.count for trial in trials), 1)
    return Verdict("Nothing to judge.", "The equity never moved: there is no return to test.", (), count)


def _trades(count: int) -> Finding:
    enough = count >= FEWEST_TRADES
    return Finding(
        "Number of trades",
        "good" if enough else "doubtful",
        f"{count}",
        f"With fewer than {FEWEST_TRADES} trades a few lucky ones decide.",
        "trades",
        "" if enough else f"{FEWEST_TRADES - count} more trades: a longer range, more symbols, or shorter windows.",
    )


def _record(evidence: Evidence, luck: float) -> Finding:
    """Minimum track record length against what luck would have reached."""
    years = _years_needed(evidence, luck)
    needed = f"{years:,.1f}" if isfinite(years) and years < 1000 else "over 1,000" if isfinite(years) else "∞"
    enough = evidence.years >= years
    return Finding(
        "Length of the record",
        "good" if enough else "doubtful" if evidence.years >= _years_needed(evidence, 0.0) else "bad",
        f"{evidence.years:,.1f} of {needed} years",
        "Minimum track record length: the years in which a ratio like this one can be told from the luck of as many "
        "trials with 95% confidence.",
        "record",
    )


def _years_needed(evidence: Evidence, benchmark: float) -> float:
    """In calendar time, at as many bars a year as the run has."""
    bars = minimum_track_record(evidence.sharpe, benchmark, evidence.skewness, evidence.kurtosis, CONFIDENT)
    return bars / evidence.periods_per_year


def _longer(evidence: Evidence, benchmark: float) -> str:
    years = _years_needed(evidence, benchmark)
    if not isfinite(years):
        return "No length of history would do: the ratio is not above what luck gives. It takes a larger edge."
    if years > 100:
        return "It would take over 100 years of the same: only a larger edge would do."
    return f"{years:.1f} years of the same would do; there are {evidence.years:.1f}."


def _headline(positive: float, deflated: float, edge: float) -> tuple[str, str]:
    if positive < CONFIDENT:
        return (
            "No.",
            "The Sharpe ratio cannot be told from zero. More data or a larger edge would change this.",
        )
    if deflated < CONFIDENT:
        return (
            "Not yet.",
            "The edge does not survive the number of variants tried. A longer history would change this.",
        )
    if edge <= 0:
        return "Not worth it.", "The return is real, and holding the same symbols returned more."
    return "Perhaps.", "It passes what was tested here. Data that nobody has looked at yet is the next test."
