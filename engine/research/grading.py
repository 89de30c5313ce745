"""The tests of a verification in plain words, each with its grade and with what would change it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.research.overfitting import Overfitting
from engine.research.sequence import RUIN
from engine.research.verdict import Finding, Grade
from engine.research.verification import VerificationResult

MINUS = "\N{MINUS SIGN}"
RARE, UNUSUAL = 0.05, 0.20
"""p-values: one in twenty by chance is the custom of the field; one in five is no more than a hint."""
OVERFIT, LIKELY_OVERFIT = 0.20, 0.50
"""Probability of overfitting: at one half the winner of a sweep is as good as any other column out of sample, so that
choosing was worth nothing; at one fifth choosing still pays four times in five."""
SAFE_COSTS, OWN_COSTS = 2.0, 1.0
"""Costs of a retail account are easily twice what was assumed; at once the assumed ones nothing may go wrong."""
KEPT = 0.5
"""Part of the Sharpe ratio that a delay of one bar or a changed parameter may not take."""
MOST, MANY = 0.9, 0.6
"""Share of disturbed backtests with a profit: a profit that one disturbance in ten takes is no accident of details."""
RUIN_RARE, RUIN_SOME = 0.01, 0.05
"""Chance of losing half the capital: one in a hundred is what prudent accounts bear, one in twenty is a gamble."""
FEW_TRADES = 0.05
"""Part of the trades that may not carry the whole profit: what one trade in twenty earned may not come again."""
FEWEST_SHARING = 5
"""Winners that must share a profit however few trades there are."""
STALE = 0.10
"""Share of fills at opens that repeat the close before: index series have them, and nobody could trade there."""


def findings(result: VerificationResult, overfitting: Overfitting | None) -> tuple[Finding, ...]:
    """One finding for each test that was possible, what weighs most first."""
    found = [test(result) for test in _ALL]
    chosen = [] if overfitting is None else [_overfit(overfitting)]
    return (*chosen, *(finding for finding in found if finding is not None))


def percent(value: float, decimals: int = 0) -> str:
    """12%, -3% with a minus sign."""
    text = f"{value * 100:,.{decimals}f}%"
    return text.replace("-", MINUS)


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", MINUS)


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def _by_p(value: float) -> Grade:
    return "good" if value <= RARE else "doubtful" if value <= UNUSUAL else "bad"


def _overfit(found: Overfitting) -> Finding:
    value = found.probability
    grade: Grade = "good" if value <= OVERFIT else "doubtful" if value <= LIKELY_OVERFIT else "bad"
    return Finding(
        "Chosen by skill, not by search",
        grade,
        percent(value),
        f"Probability of backtest overfitting: in so many of {len(found.logit):,} ways to halve the history the best "
        f"of {found.columns:,} variants on one half was no better than the median on the other.",
        "overfitting",
        "" if grade == "good" else "Fewer variants, or a region of parameters that all do well, chosen before looking.",
    )


def _look_ahead(result: VerificationResult) -> Finding | None:
    if "look_ahead" in result.skipped:
        return None
    return Finding(
        "Uses only the past",
        "bad" if result.look_ahead else "good",
        "no" if result.look_ahead else "yes",
        result.look_ahead or "Decisions on shorter history are the same as on all of it.",
        "look_ahead",
        "Repair the strategy: a decision at a close may use that bar and earlier ones only."
        if result.look_ahead
        else "",
    )


def _interval(result: VerificationResult) -> Finding | None:
    low, high = (result.figures.get(f"bootstrap_sharpe_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return None
    middle = float(np.median(result.bootstrap_sharpe))
    grade: Grade = "good" if low > 0 else "doubtful" if middle > 0 else "bad"
    return Finding(
        "Sharpe, give or take",
        grade,
        f"{_number(low)} to {_number(high)}",
        f"95% interval of the yearly ratio over {len(result.bootstrap_sharpe):,} histories resampled in blocks of "
        f"{result.figures['bootstrap_block']:.1f} bars.",
        "bootstrap",
        "" if grade == "good" else "A longer history: four times the data halves this interval.",
    )


def _random(result: VerificationResult) -> Finding | None:
    value = result.figures.get("random_p_sharpe")
    if value is None:
        return None
    grade = _by_p(value)
    return Finding(
        "Better than random entries",
        grade,
        _p(value),
        f"Share of {len(result.random_sharpe):,} lists of the same trades at random times, equally long and at the "
        "same costs, with a Sharpe ratio at least as high.",
        "random",
        "" if grade == "good" else "Entries that know something: as it is, being in the market explains the result.",
    )


def _snooped(result: VerificationResult) -> Finding | None:
    value, count = result.figures.get("spa_hold"), result.figures.get("spa_variants")
    if value is None or count is None:
        return None
    # Never bad: a strategy may be worth its smaller risk without a higher mean.
    grade: Grade = "good" if value <= RARE else "doubtful"
    return Finding(
        "Some variant beats holding",
        grade,
        _p(value),
        f"Test of superior predictive ability: if none of the {count:.0f} variants beat buy and hold in the mean, the "
        "best of them would look as good with this probability.",
        "spa",
        "" if grade == "good" else "A higher mean return than that of holding; less risk does not count here.",
    )


def _costs(result: VerificationResult) -> Finding | None:
    if not len(result.cost_total):
        return None
    multiple = result.figures.get("cost_break_even")
    if multiple is None:
        free = float(np.ptp(result.cost_total)) == 0.0
        explanation = "There are no costs to multiply." if free else "A profit is left at 64 times the costs."
        return Finding("Survives higher costs", "doubtful" if free else "good", "–" if free else "> 64×", explanation,
                       "costs", "State what trading costs." if free else "")  # fmt: skip
    grade: Grade = "good" if multiple >= SAFE_COSTS else "doubtful" if multiple > OWN_COSTS else "bad"
    return Finding(
        "Survives higher costs",
        grade,
        f"{multiple:.1f}×",
        "Multiple of the assumed commission and slippage that takes the whole profit.",
        "costs",
        "" if grade == "good" else "Fewer trades or a larger gain from each.",
    )


def _delay(result: VerificationResult) -> Finding | None:
    if len(result.delay_total) < 2:
        return None
    (own, late), total = result.delay_sharpe[:2], result.delay_total[1]
    grade: Grade = "good" if total > 0 and late >= KEPT * own else "doubtful" if total > 0 else "bad"
    return Finding(
        "Survives a bar's delay",
        grade,
        f"{_number(own)} → {_number(late)}",
        "Sharpe ratio with every order one bar later.",
        "delays",
        "" if grade == "good" else "Slower signals: what must be done at once is seldom done at that price.",
    )


def _jitter(result: VerificationResult) -> Finding | None:
    share, own = result.figures.get("jitter_profitable"), result.figures.get("sharpe")
    if share is None:
        return None
    middle = float(np.median(result.jitter_sharpe))
    steady = share >= MOST and middle >= KEPT * (own or 0.0)
    grade: Grade = "good" if steady else "doubtful" if share >= MANY else "bad"
    return Finding(
        "Neighbours do as well",
        grade,
        f"{percent(share)} profitable",
        f"Of {len(result.jitter_total)} variants with one parameter changed by 10% or 20%; their median Sharpe ratio "
        f"is {_number(middle)}.",
        "jitter",
        "" if grade == "good" else "Parameters from the middle of a region that does well, not from its peak.",
    )


def _noise(result: VerificationResult) -> Finding | None:
    share = result.figures.get("noise_profitable")
    if share is None:
        return None
    grade: Grade = "good" if share >= MOST else "doubtful" if share >= MANY else "bad"
    return Finding(
        "Survives noise in the prices",
        grade,
        f"{percent(share)} profitable",
        f"Of {len(result.noise_total)} backtests whose decisions saw prices moved a little; the median Sharpe ratio is "
        f"{_number(float(np.median(result.noise_sharpe)))}.",
        "noise",
        "" if grade == "good" else "Rules that do not hang on a tick: wider thresholds, longer windows.",
    )


def _ruin(result: VerificationResult) -> Finding | None:
    chance = result.figures.get("order_ruin")
    if chance is None:
        return None
    grade: Grade = "good" if chance <= RUIN_RARE else "doubtful" if chance <= RUIN_SOME else "bad"
    deep = float(np.quantile(result.order_drawdown, 0.05))
    return Finding(
        "Risk of ruin",
        grade,
        percent(chance, 1),
        f"Chance of losing {percent(RUIN)} of the capital over as many trades drawn at random from these; in another "
        f"order they would have fallen by {percent(abs(deep))} from a peak one time in twenty.",
        "orders",
        "" if grade == "good" else "Smaller positions or a stop.",
    )


def _best(result: VerificationResult) -> Finding | None:
    count, trades = result.figures.get("removed_until_nothing"), result.figures.get("trades")
    if count is None or not trades:
        return None
    grade: Grade = "bad" if not count else "good" if count >= max(FEW_TRADES * trades, FEWEST_SHARING) else "doubtful"
    return Finding(
        "Not a few lucky trades",
        grade,
        f"{count:.0f} of {trades:.0f}",
        "So many of the best trades make the whole profit: without them nothing is left.",
        "removed",
        "" if grade == "good" else "A profit that many trades share.",
    )


def _crises(result: VerificationResult) -> Finding | None:
    if not result.crisis_name:
        return None
    milder = int(np.sum(result.crisis_total > result.crisis_benchmark))
    total, worst = len(result.crisis_name), int(np.argmin(result.crisis_total))
    grade: Grade = "good" if 2 * milder >= total else "doubtful"
    return Finding(
        "Crises",
        grade,
        f"{milder} of {total} milder",
        f"Falls of the market in which it lost less than holding. Its worst was {result.crisis_name[worst]}: "
        f"{percent(result.crisis_total[worst])}, holding {percent(result.crisis_benchmark[worst])}.",
        "crises",
        "" if grade == "good" else "An exit that reacts within weeks.",
    )


def _regimes(result: VerificationResult) -> Finding | None:
    if not result.regime_name:
        return None
    gains = result.regime_mean > 0
    lost = [name.lower() for name, gain in zip(result.regime_name, gains, strict=True) if not gain]
    grade: Grade = "good" if gains.all() else "doubtful" if 2 * gains.sum() >= len(gains) else "bad"
    where = f"None in {' and '.join(lost)} markets. " if lost else ""
    return Finding(
        "Gains in every kind of market",
        grade,
        f"{int(gains.sum())} of {len(gains)}",
        f"{where}Bull and bear by the 200-day mean, calm and turbulent by the volatility so far.",
        "regimes",
        "" if grade == "good" else "A filter for the kind of market in which it earns, tested on other data.",
    )


def _fills(result: VerificationResult) -> Finding | None:
    later, sooner = result.figures.get("fill_next_open"), result.figures.get("fill_same_close")
    worst, best = result.figures.get("fill_worst"), result.figures.get("fill_best")
    stale = result.figures.get("fill_stale") or 0.0
    if later is None or sooner is None or worst is None or best is None:
        return None
    illusion = later <= 0 < sooner
    grade: Grade = "bad" if illusion or stale > 0.5 else "doubtful" if worst <= 0 or stale > STALE else "good"
    repeated = f" {percent(stale)} of its fills are at opens that repeat the close before." if stale > STALE else ""
    return Finding(
        "Fills that can be had",
        grade,
        f"{percent(worst)} to {percent(best)}",
        f"Total return with every fill at the worst and at the best price of its bar. At the next open it is "
        f"{percent(later)}, at the deciding close, which nobody gets, {percent(sooner)}.{repeated}",
        "fills",
        "" if grade == "good" else "Slower signals, limit orders, or data with true opening prices.",
    )


_ALL: tuple[Callable[[VerificationResult], Finding | None], ...] = (
    _look_ahead,
    _interval,
    _random,
    _snooped,
    _costs,
    _delay,
    _jitter,
    _noise,
    _best,
    _fills,
    _ruin,
    _regimes,
    _crises,
)
