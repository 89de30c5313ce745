"""Verdict on a backtest: one answer to "is it real?", with the tests and the remedies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, sqrt

from engine.backtest.daily_returns import return_sample
from engine.backtest.metrics import WHOLE_YEAR
from engine.backtest.result import BacktestResult
from engine.backtest.wording import SHORT
from engine.core.store import Trial
from engine.market.bars import MONTH, years_spanned
from engine.research import ledger
from engine.research.findings import Finding, Grade, Verdict
from engine.research.grading import findings
from engine.research.statistics import (
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)
from engine.research.sweep_overfitting.result import SweepOverfitting
from engine.research.verification.result import VerificationResult

CONFIDENT, LIKELY = 0.95, 0.50
"""The confidence level of the papers; below one half the opposite is more likely."""
_TOLERANCE = 1e-9
SIGNIFICANT = ("Perhaps.", "Not worth it.", "Less growth.")
"""Headlines of a significant Sharpe ratio."""
CAVEAT = (
    "Every test is assessed by itself, p-values are one-sided and count the run itself among the draws. Of this many "
    "tests one or two can fail, or pass, by chance: look at what they say together."
)
QUICK = ("sharpe", "trials", "hold", "trades", "record")
"""The tests of every verdict; the others are those of a verification."""
MAXIMUM_YEARS = 100
"""Years beyond which more history is not a realistic remedy."""
MINIMUM_TRADES = 30
"""Trades from which the distribution of their mean is close enough to normal."""


@dataclass(frozen=True)
class Evidence:
    """Input of the verdict: Sharpe ratio per return, moments and number of returns (``daily_returns.ReturnSample``),
    CAGR, the annualised ratio of buy and hold (None where that is constant), and whether positions are ``resized`` by
    weights.
    """

    sharpe: float
    skewness: float
    kurtosis: float
    observations: int
    years: float
    periods_per_year: float
    cagr: float
    benchmark_cagr: float
    benchmark_sharpe: float | None
    trades: int
    resized: bool = False
    daily: bool = False

    @property
    def annualised_sharpe(self) -> float:
        """Sharpe ratio per year."""
        return self.sharpe * sqrt(self.periods_per_year)

    def probability_above(self, benchmark: float) -> float:
        """Probability that the true ratio per return exceeds ``benchmark``: probabilistic, or deflated Sharpe ratio."""
        return probabilistic_sharpe(self.sharpe, benchmark, self.observations, self.skewness, self.kurtosis)

    @property
    def has_better_sharpe(self) -> bool:
        """Whether its Sharpe ratio is above that of buy and hold."""
        return self.benchmark_sharpe is not None and self.annualised_sharpe > self.benchmark_sharpe

    @property
    def excess_growth(self) -> float:
        """Growth above buy and hold: annualised, or over the record where that is shorter than ``WHOLE_YEAR``."""
        power = 1.0 if self.years >= WHOLE_YEAR else self.years
        grown, held = (max(1 + rate, 0.0) ** power for rate in (self.cagr, self.benchmark_cagr))
        edge = grown - held
        return 0.0 if abs(edge) < _TOLERANCE else edge


def assess(result: BacktestResult, trials: tuple[Trial, ...], on_data: tuple[Trial, ...] = ()) -> Verdict:
    """The verdict on ``result``, given every trial of its family, its own included, and every trial of any family on
    its data. Simulates nothing.
    """
    try:
        sample = return_sample(result)
        sharpe, skewness, kurtosis = moments(sample.returns)
    except ValueError:
        return _no_assessment(trials, on_data)
    years = years_spanned(result.time)
    if years < MONTH:
        return _no_assessment(trials, on_data, SHORT)
    evidence = Evidence(
        sharpe=sharpe,
        skewness=skewness,
        kurtosis=kurtosis,
        observations=len(sample.returns),
        years=years,
        periods_per_year=sample.per_year,
        cagr=result.metrics["cagr"] or 0.0,
        benchmark_cagr=result.benchmark_metrics["cagr"] or 0.0,
        benchmark_sharpe=sample.benchmark_sharpe,
        trades=int(result.metrics["trades"] or 0),
        resized=result.resized,
        daily=sample.daily,
    )
    return assess_evidence(evidence, trials, on_data)


def assess_verified(
    verification: VerificationResult,
    trials: tuple[Trial, ...],
    overfitting: SweepOverfitting | None = None,
    place: int | None = None,
    on_data: tuple[Trial, ...] = (),
) -> Verdict:
    """The verdict with the tests of ``verification``, and of the sweep in which the run is the combination
    ``place``.
    """
    known = verification.metrics
    if known["sharpe_per_return"] is None:
        return _no_assessment(trials, on_data)
    if (known["years"] or 0.0) < MONTH:
        found = _no_assessment(trials, on_data, SHORT)
        return (
            replace(found, headline="No.", reason=_look_ahead_reason(verification))
            if verification.look_ahead
            else found
        )
    evidence = Evidence(
        sharpe=known["sharpe_per_return"],
        skewness=known["skewness"] or 0.0,
        kurtosis=known["kurtosis"] or 0.0,
        observations=int(known["observations"] or 0),
        years=known["years"] or 0.0,
        periods_per_year=known["returns_per_year"] or verification.periods_per_year,
        cagr=known["cagr"] or 0.0,
        benchmark_cagr=known["benchmark_cagr"] or 0.0,
        benchmark_sharpe=known["benchmark_sharpe"],
        trades=int(known["trades"] or 0),
        resized=verification.resized,
        daily=bool(known["daily"]),
    )
    first = assess_evidence(evidence, trials, on_data)
    further = findings(verification, overfitting, place)
    every = (*first.findings, *further)
    headline, reason = first.headline, first.reason
    failed = [finding for finding in every if finding.grade == "bad"]
    if verification.look_ahead:
        headline, reason = "No.", _look_ahead_reason(verification)
    elif headline in SIGNIFICANT and any(finding.grade == "bad" for finding in further):
        names = " and ".join(f"“{finding.question}”" for finding in failed[:2])
        which = names if len(failed) <= 2 else f"{len(failed)} of {len(every)} tests, {names} among them"
        headline, reason = "Fragile.", f"The Sharpe ratio is significant, but the run fails {which}."
    doubts = sum(finding.grade == "doubtful" for finding in every)
    if headline == "Perhaps." and doubts and evidence.trades >= MINIMUM_TRADES:  # few trades are the doubt to tell
        reason = f"It fails no test; {doubts} of {len(every)} are doubtful."
    return Verdict(headline, reason, every, first.trials, full=True, on_data=first.on_data)


def assess_evidence(evidence: Evidence, trials: tuple[Trial, ...], on_data: tuple[Trial, ...] = ()) -> Verdict:
    """The verdict on ``evidence`` alone."""
    expected_best = ledger.expected_best_of(trials, on_data, evidence.periods_per_year, evidence.observations)
    positive = evidence.probability_above(0.0)
    findings = (
        Finding(
            "Probability that Sharpe > 0",
            grade(positive),
            f"{positive:.2f}",
            "Probabilistic Sharpe ratio: the probability that the true ratio is positive, from "
            f"{evidence.observations:,} {'daily ' if evidence.daily else ''}returns.",
            "sharpe",
            "" if positive >= CONFIDENT else _longer(evidence, 0.0),
        ),
        _deflated(evidence, expected_best),
        _against_hold(evidence),
        _trades(evidence),
        _record(evidence, expected_best.all),
    )
    return Verdict(
        *_headline(positive, evidence, expected_best), findings, expected_best.trials, on_data=expected_best.on_data
    )


def _deflated(evidence: Evidence, expected_best: ledger.ExpectedBest) -> Finding:
    """The deflated Sharpe ratio, and that without the other families."""
    deflated, of_family = (
        evidence.probability_above(expected_best.all),
        evidence.probability_above(expected_best.family),
    )
    reached = f"the probability of beating {expected_best.all * sqrt(evidence.periods_per_year):.2f} annualised"
    other = expected_best.on_data != expected_best.trials
    if expected_best.all > expected_best.family:
        sentence = (
            f"{reached}, which the best of {expected_best.on_data:,} trials on these data without skill would reach, "
            f"of any family. After {_counted(expected_best.trials, 'trial')} of this family it is {of_family:.2f}."
        )
    elif expected_best.trials > 1:
        sentence = (
            f"{reached}, which the best of {expected_best.trials:,} trials of this family without skill would reach"
        )
        sentence += f", and no more by that of {expected_best.on_data:,} on these data." if other else "."
    else:
        sentence = "with a single trial of this family, the probability of a positive ratio."
    remedy = "" if deflated >= CONFIDENT else _longer(evidence, expected_best.all)
    question = f"The same after {expected_best.counted}"
    return Finding(question, grade(deflated), f"{deflated:.2f}", f"Deflated Sharpe ratio: {sentence}", "trials", remedy)


def grade(probability: float) -> Grade:
    """Good from 0.95, doubtful from 0.50."""
    return "good" if probability >= CONFIDENT else "doubtful" if probability >= LIKELY else "bad"


def _look_ahead_reason(verification: VerificationResult) -> str:
    return f"{verification.look_ahead} Its metrics are meaningless."


def _no_assessment(
    trials: tuple[Trial, ...],
    on_data: tuple[Trial, ...],
    sentence: str = "The equity never moved: there is no return to test.",
) -> Verdict:
    expected_best = ledger.expected_best_of(trials, on_data, 1.0, 2)
    return Verdict("Nothing to assess.", sentence, (), expected_best.trials, on_data=expected_best.on_data)


def _against_hold(evidence: Evidence) -> Finding:
    """Growth against buy and hold; less growth at a better ratio is a doubt, not a failure."""
    edge, held = evidence.excess_growth, evidence.benchmark_sharpe
    grade: Grade = "good" if edge > 0 else "doubtful" if evidence.has_better_sharpe or edge == 0 else "bad"
    remedy = "Beat buy and hold of the same symbols, or reach the same growth at lower risk."
    if edge < 0 and evidence.has_better_sharpe:
        remedy = "Lower risk must be the goal, or be levered: buy and hold grew faster."
    if edge == 0:
        remedy = "A strategy that differs from buy and hold."
    return Finding(
        "Against buy and hold",
        grade,
        f"{edge * 100:+,.2f}% {'annualised' if evidence.years >= WHOLE_YEAR else 'over the record'}".replace(
            "-", "\N{MINUS SIGN}"
        ),
        "Growth above buy and hold of the same symbols at the same costs"
        + (
            "."
            if held is None
            else f"; the Sharpe ratio is {_number(evidence.annualised_sharpe)}, that of buy and hold {_number(held)}."
        ),
        "hold",
        "" if grade == "good" else remedy,
    )


def _trades(evidence: Evidence) -> Finding:
    count = evidence.trades
    enough = count >= MINIMUM_TRADES
    remedy = f"{MINIMUM_TRADES - count} more trades: a longer range, more symbols, or shorter windows."
    explanation = f"With fewer than {MINIMUM_TRADES} trades a few lucky ones decide."
    if evidence.resized:
        remedy = "A longer range or more symbols: few positions have few chances to be wrong."
        explanation += " A position counts once, however often it was resized."
    return Finding(
        "Number of trades",
        "good" if enough else "doubtful",
        f"{count:,}",
        explanation,
        "trades",
        "" if enough else remedy,
    )


def _record(evidence: Evidence, expected_best: float) -> Finding:
    """Minimum track record length against the expected best without skill."""
    years = _years_needed(evidence, expected_best)
    needed = f"{years:,.1f}" if isfinite(years) and years < 1000 else "over 1,000" if isfinite(years) else "∞"
    enough = evidence.years >= years
    chance = "the best of as many trials without skill" if expected_best > 0 else "zero"
    return Finding(
        "Length of the record",
        "good" if enough else "doubtful" if evidence.years >= _years_needed(evidence, 0.0) else "bad",
        f"{evidence.years:,.1f} years, {needed} needed",
        f"Minimum track record length: the years after which a ratio like this one is distinguishable from {chance} "
        "with 95% confidence.",
        "record",
    )


def _years_needed(evidence: Evidence, benchmark: float) -> float:
    """Minimum track record length in calendar years."""
    bars = minimum_track_record(evidence.sharpe, benchmark, evidence.skewness, evidence.kurtosis, CONFIDENT)
    return bars / evidence.periods_per_year


def _longer(evidence: Evidence, benchmark: float) -> str:
    years = _years_needed(evidence, benchmark)
    if not isfinite(years):
        above = "that of the best trial without skill" if benchmark > 0 else "zero"
        return f"No length of history would be enough: the ratio is not above {above}. It takes a larger edge."
    if years > MAXIMUM_YEARS:
        return f"It would take over {MAXIMUM_YEARS} years of the same: only a larger edge would help."
    return f"{years:.1f} years of the same would be enough; there are {evidence.years:.1f}."


def _headline(positive: float, evidence: Evidence, expected_best: ledger.ExpectedBest) -> tuple[str, str]:
    if evidence.sharpe <= 0:
        return "No.", "It earned nothing: the Sharpe ratio is not above zero. That needs another idea, not more data."
    if positive < CONFIDENT:
        return (
            "No.",
            "The Sharpe ratio is not distinguishable from zero. More data or a larger edge would change this.",
        )
    if evidence.probability_above(expected_best.all) < CONFIDENT:
        change = (
            "A longer history" if _years_needed(evidence, expected_best.all) <= MAXIMUM_YEARS else "Only a larger edge"
        )
        hurdle = "the number of variants tried"
        if evidence.probability_above(expected_best.family) >= CONFIDENT:
            hurdle = f"all {expected_best.on_data:,} trials on these data, of any family"
        return "Not yet.", f"The edge does not survive {hurdle}. {change} would change this."
    if evidence.excess_growth == 0:
        return "Not worth it.", "It is the return of buy and hold of the same symbols."
    if evidence.excess_growth < 0 and evidence.has_better_sharpe:
        ratios = f"{_number(evidence.annualised_sharpe)} against {_number(evidence.benchmark_sharpe or 0.0)}"
        return "Less growth.", f"The Sharpe ratio beats that of buy and hold, {ratios}, but buy and hold grew faster."
    if evidence.excess_growth < 0:
        return (
            "Not worth it.",
            "The return is distinguishable from luck, but buy and hold of the same symbols returned more.",
        )
    if evidence.trades < MINIMUM_TRADES:
        few = _counted(evidence.trades, "trade")
        return "Perhaps.", f"The ratio is distinguishable from luck, but {few} cannot tell skill from luck."
    return "Perhaps.", "It passes every test here. The next test is data that nobody has looked at yet."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
