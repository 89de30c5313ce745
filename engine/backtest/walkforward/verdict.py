"""Verdict on a walk-forward, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from engine.backtest.daily_returns import return_sample
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.wording import SHORT
from engine.market.bars import spans_month, years_spanned

MINIMUM_WINDOWS, MINIMUM_TRADES, MINIMUM_EFFICIENCY, T_CRITICAL = 4, 10, 0.5, 1.645
"""Windows and trades required; the efficiency that Pardo (2008) requires; the one-sided 5% quantile."""


@dataclass(frozen=True)
class WalkForwardVerdict:
    """``headline`` in a few words, ``reason`` in a sentence."""

    headline: str
    reason: str
    grade: Literal["good", "doubtful", "bad"]


def assess(result: WalkForwardResult) -> WalkForwardVerdict:
    """The verdict on parameters optimised in training and traded out of sample; the first doubt counts."""
    growth, windows = result.metrics["cagr"], len(result.test_first)
    efficiency = result.efficiency()
    if growth is None or not result.metrics["trades"]:
        why = "No window traded out of sample." if spans_month(result.time) else SHORT
        return WalkForwardVerdict("Nothing to assess.", why, "doubtful")
    promised = _percent(result.in_sample_growth())
    if growth <= 0:
        reason = f"Out of sample it lost {_percent(-growth)} annualised, against {promised} in training."
        return WalkForwardVerdict("It does not hold.", reason, "bad")
    if efficiency is None:
        return WalkForwardVerdict("It does not hold.", "Even the best parameters lost money in training.", "bad")
    comparison = f"Out of sample it earned {_percent(growth)} annualised, against {promised} in training"
    if windows < MINIMUM_WINDOWS:
        return WalkForwardVerdict(
            "Too few windows.", f"{comparison}; {windows} of them cannot tell skill from luck.", "doubtful"
        )
    trades = int(result.metrics["trades"])
    if trades < MINIMUM_TRADES:
        return WalkForwardVerdict(
            "Too few trades.", f"{comparison}; {trades} trades cannot tell skill from luck.", "doubtful"
        )
    if efficiency < MINIMUM_EFFICIENCY:
        return WalkForwardVerdict(
            "It fades.", f"{comparison}: {efficiency:.0%} of it; at least half is required.", "bad"
        )
    if _t_statistic(result) < T_CRITICAL:
        sharpe, years = _sharpe(result), years_spanned(result.time)
        reason = f"{comparison}, but a Sharpe ratio of {sharpe:.2f} over {years:.1f} years could be luck."
        return WalkForwardVerdict("Not yet.", reason, "doubtful")
    return _against_benchmark(result, growth, comparison)


def _against_benchmark(result: WalkForwardResult, growth: float, comparison: str) -> WalkForwardVerdict:
    """The verdict on a significant result, against buy and hold and against other parameters."""
    active = int(np.sum(result.out_trades > 0))
    if 2 * result.profitable <= active:
        reason = f"{comparison}, but only {result.profitable} of {active} windows that traded made a profit."
        return WalkForwardVerdict("Uneven.", reason, "doubtful")
    hold = result.benchmark_metrics["cagr"] or 0.0
    ratio, holds = result.metrics["sharpe"] or 0.0, result.benchmark_metrics["sharpe"] or 0.0
    if growth <= hold and ratio <= holds:
        reason = f"{comparison}, and buy and hold of the same symbols earned {_percent(hold)} at a better ratio."
        return WalkForwardVerdict("Not worth it.", reason, "doubtful")
    if growth <= hold:
        reason = f"{comparison}. The Sharpe ratio beats buy and hold, {ratio:.2f} against {holds:.2f}, but buy and hold"
        return WalkForwardVerdict("Less growth.", f"{reason} earned {_percent(hold)}.", "doubtful")
    known = result.agreement[np.isfinite(result.agreement)]
    if len(known) >= MINIMUM_WINDOWS and np.median(known) <= 0:
        reason = f"{comparison}, but ranks in training did not predict ranks in the test: other parameters did as well."
        return WalkForwardVerdict("Selection adds nothing.", reason, "doubtful")
    windows = len(result.test_first)
    return WalkForwardVerdict(
        "It holds.", f"{comparison}, with a profit in {result.profitable} of {windows} windows.", "good"
    )


def _t_statistic(result: WalkForwardResult) -> float:
    """t-statistic of the mean return against zero."""
    return _sharpe(result) * sqrt(years_spanned(result.time))


def _sharpe(result: WalkForwardResult) -> float:
    """The ratio of trading days where bars are finer; zero where it is undefined."""
    sample = return_sample(result)
    return (sample.sharpe if sample.daily else result.metrics["sharpe"]) or 0.0


def _percent(share: float) -> str:
    return f"{share * 100:.1f}%".replace("-", "\N{MINUS SIGN}")
