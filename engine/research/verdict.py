"""One answer to "is it real?", with what was tested and what would change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.backtest.result import BacktestResult
from engine.research.ledger import pool
from engine.research.statistics import deflated_sharpe, expected_maximum_sharpe, moments, probabilistic_sharpe
from engine.store import Trial

Grade = Literal["good", "doubtful", "bad"]
CONFIDENT, LIKELY = 0.95, 0.50


@dataclass(frozen=True)
class Finding:
    """One test: what was asked in plain words, its grade, and the figure to print."""

    question: str
    grade: Grade
    figure: str
    explanation: str


@dataclass(frozen=True)
class Verdict:
    """``headline`` in two words, ``reason`` in a sentence, the findings behind it, and the number of trials."""

    headline: str
    reason: str
    findings: tuple[Finding, ...]
    trials: int


def judge(result: BacktestResult, trials: tuple[Trial, ...]) -> Verdict:
    """The verdict on ``result``, given every trial of its family, its own among them."""
    tried = pool(trials, result.periods_per_year)
    count, variance = max(tried.count, 1), tried.variance
    try:
        sharpe, skewness, kurtosis = moments(result.returns())
    except ValueError:
        return Verdict("Nothing to judge.", "The equity never moved: there is no return to test.", (), count)
    n, root = len(result.returns()), float(np.sqrt(result.periods_per_year))
    positive = probabilistic_sharpe(sharpe, 0.0, n, skewness, kurtosis)
    deflated = deflated_sharpe(sharpe, variance, count, n, skewness, kurtosis)
    luck = expected_maximum_sharpe(variance, count)
    edge = (result.metrics["cagr"] or 0.0) - (result.benchmark_metrics["cagr"] or 0.0)
    findings = (
        Finding(
            "Sharpe above zero",
            _grade(positive),
            f"{positive:.2f}",
            f"Probabilistic Sharpe ratio: the probability that the true ratio is positive, from {n:,} returns.",
        ),
        Finding(
            f"Sharpe after {count:,} {'trial' if count == 1 else 'trials'}",
            _grade(deflated),
            f"{deflated:.2f}",
            f"Deflated Sharpe ratio: the probability of beating {luck * root:.2f} a year, which the best of "
            f"{count:,} trials of this family without skill would reach.",
        ),
        Finding(
            "Against buy and hold",
            "good" if edge > 0 else "bad",
            f"{edge * 100:+.2f}% a year".replace("-", "\N{MINUS SIGN}"),
            "Growth a year above that of holding the same symbols at the same costs.",
        ),
        Finding(
            "Number of trades",
            "good" if (result.metrics["trades"] or 0) >= 30 else "doubtful",
            f"{result.metrics['trades'] or 0:.0f}",
            "With fewer than 30 trades a few lucky ones decide.",
        ),
    )
    return Verdict(*_headline(positive, deflated, edge), findings, count)


def _grade(probability: float) -> Grade:
    return "good" if probability >= CONFIDENT else "doubtful" if probability >= LIKELY else "bad"


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
