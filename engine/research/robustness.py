"""Findings of a verification on robustness: costs, delays, parameters, noise, fills, regimes and crises."""

from __future__ import annotations

import numpy as np

from engine.research.findings import Finding, Grade
from engine.research.verification.result import VerificationResult

MINUS = "\N{MINUS SIGN}"
SAFE_COSTS, OWN_COSTS = 2.0, 1.0
"""Multiples of the assumed costs: those of a retail account are easily twice as high; at one there is no margin."""
RETAINED = 0.5
"""Fraction of the Sharpe ratio that must remain after a delay of one bar or a changed parameter."""
ROBUST, FRAGILE = 0.9, 0.6
"""Shares of perturbed backtests with a profit that count as robust and as doubtful."""
STALE = 0.10
"""Share of fills at opens equal to the previous close, as in index series, at which nobody could trade."""


def percent(value: float, decimals: int = 0) -> str:
    """12%, 3.4%; a loss with a minus sign."""
    text = f"{value * 100:,.{decimals}f}%"
    return text.replace("-", MINUS)


def number(value: float) -> str:
    """Two decimals; a loss with a minus sign."""
    return f"{value:.2f}".replace("-", MINUS)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def costs(result: VerificationResult) -> Finding | None:
    if not len(result.cost_total):
        return None
    multiple = result.metrics.get("cost_break_even")
    if multiple is None:
        free = float(np.ptp(result.cost_total)) == 0.0
        explanation = "No costs to multiply." if free else "Still profitable at 64 times the costs."
        return Finding("Survives higher costs", "doubtful" if free else "good", "–" if free else "> 64×", explanation,
                       "costs", "Enter the costs of trading." if free else "")  # fmt: skip
    grade: Grade = "good" if multiple >= SAFE_COSTS else "doubtful" if multiple > OWN_COSTS else "bad"
    return Finding(
        "Survives higher costs",
        grade,
        f"{multiple:.1f}×",
        "Multiple of the assumed commission and slippage at which the profit is gone."
        if multiple
        else "No profit even without costs.",
        "costs",
        "" if grade == "good" else "Fewer trades or a larger gain per trade.",
    )


def delay(result: VerificationResult) -> Finding | None:
    if len(result.delay_total) < 2:
        return None
    (own, late), total = result.delay_sharpe[:2], result.delay_total[1]
    grade: Grade = "good" if total > 0 and late >= RETAINED * own else "doubtful" if total > 0 else "bad"
    return Finding(
        "Survives a delay of one bar",
        grade,
        f"{number(own)} → {number(late)}",
        "Sharpe ratio with every order one bar later.",
        "delays",
        "" if grade == "good" else "Slower signals: an order that must be filled at once seldom gets that price.",
    )


def neighbours(result: VerificationResult) -> Finding | None:
    share, own = result.metrics.get("jitter_profitable"), result.metrics.get("sharpe")
    if share is None:
        return None
    middle = float(np.median(result.jitter_sharpe))
    steady = share >= ROBUST and middle >= RETAINED * (own or 0.0)
    grade: Grade = "good" if steady else "doubtful" if share >= FRAGILE else "bad"
    return Finding(
        "Neighbouring parameters do as well",
        grade,
        f"{percent(share)} profitable",
        f"Of {_count(len(result.jitter_total), 'variant')} with one parameter changed by 10% or 20%, whole numbers by "
        f"one at least; the median Sharpe ratio is {number(middle)}.",
        "jitter",
        "" if grade == "good" else "Parameters from the middle of a good region, not from its peak.",
    )


def noise(result: VerificationResult) -> Finding | None:
    share = result.metrics.get("noise_profitable")
    if share is None:
        return None
    grade: Grade = "good" if share >= ROBUST else "doubtful" if share >= FRAGILE else "bad"
    return Finding(
        "Survives noise in the prices",
        grade,
        f"{percent(share)} profitable",
        f"Of {_count(len(result.noise_total), 'backtest')} whose decisions saw prices with a little noise; the median "
        f"Sharpe ratio is {number(float(np.median(result.noise_sharpe)))}.",
        "noise",
        "" if grade == "good" else "Rules that do not depend on a tick: wider thresholds, longer windows.",
    )


def fills(result: VerificationResult) -> Finding | None:
    later, sooner = result.metrics.get("fill_next_open"), result.metrics.get("fill_same_close")
    worst, best = result.metrics.get("fill_worst"), result.metrics.get("fill_best")
    stale = result.metrics.get("fill_stale") or 0.0
    if later is None or sooner is None or worst is None or best is None:
        return None
    illusion = later <= 0 < sooner
    grade: Grade = "bad" if illusion or stale > 0.5 else "doubtful" if worst <= 0 or stale > STALE else "good"
    repeated = f" {percent(stale)} of its fills are at opens that repeat the previous close." if stale > STALE else ""
    return Finding(
        "Achievable fills",
        grade,
        f"{percent(worst)} to {percent(best)}",
        f"Total return with every fill at the worst and at the best price of its bar. At the next open it is "
        f"{percent(later)}, at the close of the decision, which cannot be achieved, {percent(sooner)}.{repeated}",
        "fills",
        "" if grade == "good" else "Slower signals, limit orders, or data with true opening prices.",
    )


def regimes(result: VerificationResult) -> Finding | None:
    if not result.regime_name:
        return None
    gains = result.regime_mean > 0
    lost = [name.lower() for name, gain in zip(result.regime_name, gains, strict=True) if not gain]
    grade: Grade = "good" if gains.all() else "doubtful" if 2 * gains.sum() >= len(gains) else "bad"
    losses = f"No gain in {' or '.join(lost)} markets. " if lost and gains.any() else "No gain in any. " if lost else ""
    return Finding(
        "Gains in every market regime",
        grade,
        f"{int(gains.sum())} of {len(gains)}",
        f"{losses}Bull and bear by the 200-day mean, calm and turbulent by the volatility so far.",
        "regimes",
        "" if grade == "good" else "A filter for the regime in which it earns, tested on other data.",
    )


def crises(result: VerificationResult) -> Finding | None:
    if not result.crisis_name:
        return None
    better = int(np.sum(result.crisis_total > result.crisis_benchmark))
    total, worst = len(result.crisis_name), int(np.argmin(result.crisis_total))
    grade: Grade = "good" if 2 * better >= total else "doubtful"
    parts = total - sum(result.crisis_whole)
    covered = f" The data cover {parts} of them only in part." if parts else ""
    return Finding(
        "Crises",
        grade,
        f"{better} of {total} better",
        f"Drawdowns of the S&P 500 in which it did better than buy and hold. Its worst was "
        f"{result.crisis_name[worst]}: {percent(result.crisis_total[worst])}, buy and hold "
        f"{percent(result.crisis_benchmark[worst])}.{covered}",
        "crises",
        "" if grade == "good" else "An exit that reacts within weeks.",
    )
