"""The figures of a backtest as text."""

from __future__ import annotations

from dashboard.format import number, percent, signed_percent
from engine.backtest.metrics import METRICS

SIGNED = ("total_return", "cagr", "max_drawdown")
"""Percentages that are printed with their sign."""


def figure_text(name: str, value: float | None) -> str:
    """One metric as text, in the unit that its definition names."""
    if METRICS[name].unit == "%":
        return signed_percent(value) if name in SIGNED else percent(value)
    if METRICS[name].unit == "days":
        return number(value, 0, "days")
    return number(value, 0 if name == "trades" else 2)
