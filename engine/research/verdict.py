"""Verdict on a backtest, one answer to "is it real?", with what was tested and what would change it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, sqrt

import numpy as np

from engine.backtest.metrics import WHOLE_YEAR
from engine.backtest.result import BacktestResult
from engine.backtest.wording import SHORT
from engine.core.store import Trial
from engine.market.bars import MILLISECONDS_PER_YEAR, MONTH
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
"""One in twenty is the error that the papers accept; below one half the opposite is the likelier."""
_SAME = 1e-9
STANDS = ("Perhaps.", "Not worth it.", "Less growth.")
"""Headlines that take the ratio for more than luck."""
CAVEAT = (
    "Every test is assessed by itself, p-values are one-sided and count the run itself among the draws. Of this many "
    "tests one or two can fail, or pass, by chance: look at what they say together."
)
QUICK = ("sharpe", "trials", "hold", "trades", "record")
"""The tests of every verdict; the others are those of a verification."""
FARTHEST = 100
"""Years of the same beyond which more history is no way to an answer."""
FEWEST_TRADES = 30
"""From about thirty on the mean of trades is near enough to normal for its error to mean something."""


@dataclass(frozen=True)
class Evidence:
    """What the verdict needs of a run: ratios per bar, returns, growth a year, the ratio a year of holding the same
    symbols (None where that never moved), and whether its positions are ``resized`` by weights.
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

    @property
    def yearly(self) -> float:
        """The Sharpe ratio a year."""
        return self.sharpe * sqrt(self.periods_per_year)

    def above(self, benchmark: float) -> float:
        """The probability that the true ratio per bar is above ``benchmark``: above luck, the deflated ratio."""
        return probabilistic_sharpe(self.sharpe, benchmark, self.observations, self.skewness, self.kurtosis)

    @property
    def better_ratio(self) -> bool:
        """Whether its Sharpe ratio is above that of holding."""
        return self.benchmark_sharpe is not None and self.yearly > self.benchmark_sharpe

    @property
    def edge(self) -> float:
        """Growth above that of holding: a year, or over the record where that is shorter than ``WHOLE_YEAR``."""
        power = 1.0 if self.years >= WHOLE_YEAR else self.years
        grown, held = (max(1 + rate, 0.0) ** power for rate in (self.cagr, self.benchmark_cagr))
        edge = grown - held
        return 0.0 if abs(edge) < _SAME else edge


def assess(result: BacktestResult, trials: tuple[Trial, ...], on_data: tuple[Trial, ...] = ()) -> Verdict:
    """The verdict on ``result``, given every trial of its family, its own among them, and every trial of whatever
    family on its data; none given, there are no others. Simulates nothing.
    """
    try:
        sharpe, skewness, kurtosis = moments(result.returns())
    except ValueError:
        return _nothing(trials, on_data)
    span = float((result.time[-1] - result.time[0]) / np.timedelta64(1, "ms"))
    if span / MILLISECONDS_PER_YEAR < MONTH:
        return _nothing(trials, on_data, SHORT)
    evidence = Evidence(
        sharpe=sharpe,
        skewness=skewness,
        kurtosis=kurtosis,
        observations=len(result.time) - 1,
        years=span / MILLISECONDS_PER_YEAR,
        periods_per_year=result.periods_per_year,
        cagr=result.metrics["cagr"] or 0.0,
        benchmark_cagr=result.benchmark_metrics["cagr"] or 0.0,
        benchmark_sharpe=result.benchmark_metrics["sharpe"],
        trades=int(result.metrics["trades"] or 0),
        resized=result.resized,
    )
    return weigh(evidence, trials, on_data)


def assess_verified(
    verification: VerificationResult,
    trials: tuple[Trial, ...],
    overfitting: SweepOverfitting | None = None,
    place: int | None = None,
    on_data: tuple[Trial, ...] = (),
) -> Verdict:
    """The verdict with every test of ``verification``, and of the sweep whose combination ``place`` the run is."""
    known = verification.figures
    if known["sharpe_per_bar"] is None:
        return _nothing(trials, on_data)
    if (known["years"] or 0.0) < MONTH:
        found = _nothing(trials, on_data, SHORT)
        return replace(found, headline="No.", reason=_looked(verification)) if verification.look_ahead else found
    evidence = Evidence(
        sharpe=known["sharpe_per_bar"],
        skewness=known["skewness"] or 0.0,
        kurtosis=known["kurtosis"] or 0.0,
        observations=int(known["observations"] or 0),
        years=known["years"] or 0.0,
        periods_per_year=verification.periods_per_year,
        cagr=known["cagr"] or 0.0,
        benchmark_cagr=known["benchmark_cagr"] or 0.0,
        benchmark_sharpe=known["benchmark_sharpe"],
        trades=int(known["trades"] or 0),
        resized=verification.resized,
    )
    first = weigh(evidence, trials, on_data)
    more = findings(verification, overfitting, place)
    every = (*first.findings, *more)
    headline, reason = first.headline, first.reason
    failed = [finding for finding in every if finding.grade == "bad"]
    if verification.look_ahead:
        headline, reason = "No.", _looked(verification)
    elif headline in STANDS and any(finding.grade == "bad" for finding in more):
        names = " and ".join(f"“{finding.question}”" for finding in failed[:2])
        what = names if len(failed) <= 2 else f"{len(failed)} of {len(every)} tests, {names} among them"
        headline, reason = "Fragile.", f"The Sharpe ratio stands, but the run fails {what}."
    doubts = sum(finding.grade == "doubtful" for finding in every)
    if headline == "Perhaps." and doubts and evidence.trades >= FEWEST_TRADES:  # few trades are the doubt to tell
        reason = f"It fails none of the tests; {doubts} of {len(every)} leave a doubt."
    return Verdict(headline, reason, every, first.trials, full=True, on_data=first.on_data)


def weigh(evidence: Evidence, trials: tuple[Trial, ...], on_data: tuple[Trial, ...] = ()) -> Verdict:
    """The verdict on the figures of a run alone."""
    luck = ledger.luck_of(trials, on_data, evidence.periods_per_year, evidence.observations)
    positive = evidence.above(0.0)
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
        _deflated(evidence, luck),
        _hold(evidence),
        _trades(evidence),
        _record(evidence, luck.all),
    )
    return Verdict(*_headline(positive, evidence, luck), findings, luck.trials, on_data=luck.on_data)


def _deflated(evidence: Evidence, luck: ledger.Luck) -> Finding:
    """The deflated Sharpe ratio, and what it would be without the other families."""
    deflated, of_family = evidence.above(luck.all), evidence.above(luck.family)
    reached = f"the probability of beating {luck.all * sqrt(evidence.periods_per_year):.2f} annualised"
    other = luck.on_data != luck.trials
    if luck.all > luck.family:
        said = f"{reached}, which the best of {luck.on_data:,} trials on these data without skill would reach, of "
        said += f"whatever family. After {_counted(luck.trials, 'trial')} of this family alone it is {of_family:.2f}."
    elif luck.trials > 1:
        said = f"{reached}, which the best of {luck.trials:,} trials of this family without skill would reach"
        said += f", and no more by that of {luck.on_data:,} on these data." if other else "."
    else:
        said = "with a single trial of this family, the probability of a positive ratio."
    remedy = "" if deflated >= CONFIDENT else _longer(evidence, luck.all)
    question = f"Sharpe after {luck.counted}"
    return Finding(question, grade(deflated), f"{deflated:.2f}", f"Deflated Sharpe ratio: {said}", "trials", remedy)


def grade(probability: float) -> Grade:
    """Good from 0.95, doubtful from 0.50."""
    return "good" if probability >= CONFIDENT else "doubtful" if probability >= LIKELY else "bad"


def _looked(verification: VerificationResult) -> str:
    return f"{verification.look_ahead} Its metrics are meaningless."


def _nothing(
    trials: tuple[Trial, ...],
    on_data: tuple[Trial, ...],
    said: str = "The equity never moved: there is no return to test.",
) -> Verdict:
    luck = ledger.luck_of(trials, on_data, 1.0, 2)
    return Verdict("Nothing to assess.", said, (), luck.trials, on_data=luck.on_data)


def _hold(evidence: Evidence) -> Finding:
    """Growth against that of holding; less of it at a better ratio is a doubt, not a failure."""
    edge, held = evidence.edge, evidence.benchmark_sharpe
    grade: Grade = "good" if edge > 0 else "doubtful" if evidence.better_ratio or edge == 0 else "bad"
    remedy = "Beat buy and hold of the same symbols, or reach the same growth at lower risk."
    if edge < 0 and evidence.better_ratio:
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
            else f"; the Sharpe ratio is {_number(evidence.yearly)}, that of buy and hold {_number(held)}."
        ),
        "hold",
        "" if grade == "good" else remedy,
    )


def _trades(evidence: Evidence) -> Finding:
    count = evidence.trades
    enough = count >= FEWEST_TRADES
    remedy = f"{FEWEST_TRADES - count} more trades: a longer range, more symbols, or shorter windows."
    explanation = f"With fewer than {FEWEST_TRADES} trades a few lucky ones decide."
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


def _record(evidence: Evidence, luck: float) -> Finding:
    """Minimum track record length against what luck would have reached."""
    years = _years_needed(evidence, luck)
    needed = f"{years:,.1f}" if isfinite(years) and years < 1000 else "over 1,000" if isfinite(years) else "∞"
    enough = evidence.years >= years
    chance = "the best of as many trials without skill" if luck > 0 else "zero"
    return Finding(
        "Length of the record",
        "good" if enough else "doubtful" if evidence.years >= _years_needed(evidence, 0.0) else "bad",
        f"{evidence.years:,.1f} years, {needed} needed",
        f"Minimum track record length: the years in which a ratio like this one can be told from {chance} "
        "with 95% confidence.",
        "record",
    )


def _years_needed(evidence: Evidence, benchmark: float) -> float:
    """In calendar time, at as many bars a year as the run has."""
    bars = minimum_track_record(evidence.sharpe, benchmark, evidence.skewness, evidence.kurtosis, CONFIDENT)
    return bars / evidence.periods_per_year


def _longer(evidence: Evidence, benchmark: float) -> str:
    years = _years_needed(evidence, benchmark)
    if not isfinite(years):
        above = "what luck gives" if benchmark > 0 else "zero"
        return f"No length of history would be enough: the ratio is not above {above}. It takes a larger edge."
    if years > FARTHEST:
        return f"It would take over {FARTHEST} years of the same: only a larger edge would help."
    return f"{years:.1f} years of the same would be enough; there are {evidence.years:.1f}."


def _headline(positive: float, evidence: Evidence, luck: ledger.Luck) -> tuple[str, str]:
    if evidence.sharpe <= 0:
        return "No.", "It earned nothing: the Sharpe ratio is not above zero. That needs another idea, not more data."
    if positive < CONFIDENT:
        return (
            "No.",
            "The Sharpe ratio is not distinguishable from zero. More data or a larger edge would change this.",
        )
    if evidence.above(luck.all) < CONFIDENT:
        change = "A longer history" if _years_needed(evidence, luck.all) <= FARTHEST else "Only a larger edge"
        tried = "the number of variants tried"
        if evidence.above(luck.family) >= CONFIDENT:
            tried = f"all that was tried on these data, {luck.on_data:,} trials of whatever family"
        return "Not yet.", f"The edge does not survive {tried}. {change} would change this."
    if evidence.edge == 0:
        return "Not worth it.", "It is the return of buy and hold of the same symbols."
    if evidence.edge < 0 and evidence.better_ratio:
        ratios = f"{_number(evidence.yearly)} against {_number(evidence.benchmark_sharpe or 0.0)}"
        return "Less growth.", f"The Sharpe ratio beats that of buy and hold, {ratios}, but buy and hold grew faster."
    if evidence.edge < 0:
        return (
            "Not worth it.",
            "The return is distinguishable from luck, but buy and hold of the same symbols returned more.",
        )
    if evidence.trades < FEWEST_TRADES:
        few = _counted(evidence.trades, "trade")
        return "Perhaps.", f"The ratio can be told from luck, but {few} cannot tell skill from luck."
    return "Perhaps.", "It passes every test here. The next test is data that nobody has looked at yet."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
