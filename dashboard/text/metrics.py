"""The metrics of a backtest as text."""

from __future__ import annotations

from dashboard.text.format import count, number, percent, signed_percent
from engine.backtest.metrics import METRICS, WHOLE_YEAR
from engine.backtest.result import BacktestResult
from engine.market.bars import MILLISECONDS_PER_YEAR

SIGNED = ("total_return", "cagr", "max_drawdown")
"""Percentages that are printed with their sign."""


def key_metrics(result: BacktestResult) -> tuple[str, ...]:
    """The metrics of the strip. What is shorter than ``WHOLE_YEAR`` shows its total return, not an annualised one."""
    years = float((result.time[-1] - result.time[0]).astype("timedelta64[ms]").astype(float)) / MILLISECONDS_PER_YEAR
    growth = "cagr" if years >= WHOLE_YEAR else "total_return"
    return (growth, "sharpe", "sortino", "max_drawdown", "volatility", "exposure", "trades", "costs")


def metric_text(name: str, value: float | None) -> str:
    """One metric as text, in the unit that its definition names."""
    if METRICS[name].unit == "%":
        return signed_percent(value) if name in SIGNED else percent(value)
    if METRICS[name].unit == "days":
        return number(value, 0) if value is None else count(round(value), "day")
    return number(value, 0 if name == "trades" else 2)


def breaks_even(multiple: float | None, no_costs: bool) -> str:
    """The ``multiple`` of the costs at which the profit is gone, in words (``CostCurve.break_even``)."""
    if no_costs:
        return "there are no costs to multiply"
    if multiple is None:
        return "breaks even beyond 64\N{MULTIPLICATION SIGN} the costs"
    if not multiple:
        return "no profit even without costs"
    return f"breaks even at {number(multiple, 1)}\N{MULTIPLICATION SIGN} the costs"
