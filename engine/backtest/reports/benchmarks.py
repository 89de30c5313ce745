"""Benchmarks of a run, each as an account that starts with the same capital on the same bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.backtest.metrics import bar_returns, equity_metrics
from engine.backtest.reports.holdings import closes
from engine.backtest.result import BacktestResult
from engine.core.errors import DataError
from engine.market.bars import Bars, Floats

BENCHMARKS: Mapping[str, tuple[str, str]] = {
    "hold": ("Buy and hold", "The same symbols, bought once with equal shares, at the same costs."),
    "equal_weight": (
        "Equal weight, monthly",
        "The same symbols, brought back to equal weights at the last bar of each month, without costs.",
    ),
    "risk_matched": (
        "Risk-matched holding",
        "Buy and hold in the constant share that has the volatility of the run, the rest in cash that earns nothing; "
        "above 100% it is borrowed at no interest.",
    ),
    "cash": ("Cash", "The capital, which earns nothing."),
    "symbol": ("A symbol", "Another symbol bought at the first close and held, without costs."),
}
"""Title and definition by name."""


def compared_with(result: BacktestResult, name: str, bars: Sequence[Bars]) -> BacktestResult:
    """``result`` with ``benchmark`` and its metrics those of the benchmark ``name``. ``bars`` are those of the run's
    symbols for "equal_weight", of the one symbol for "symbol"; the others need none. Raises ``DataError`` for a symbol
    that has no close by the first bar.
    """
    if name == "hold":
        return result
    curve = _curve(result, name, bars)
    figures = equity_metrics(result.time, curve, result.periods_per_year, result.capital)
    return replace(result, benchmark=curve, benchmark_metrics=figures)


def _curve(result: BacktestResult, name: str, bars: Sequence[Bars]) -> Floats:
    if name == "cash":
        return np.full(len(result.time), result.capital)
    if name == "risk_matched":
        return risk_matched(result)
    prices = closes(result.time, bars)
    if name == "equal_weight":
        return result.capital * equal_weight(prices, result.days.astype("datetime64[M]"))
    if not np.isfinite(prices[0, 0]):
        raise DataError(
            f"{bars[0].series.symbol} has no close by {result.days[0]}, where this run begins: choose another one."
        )
    held: Floats = result.capital * prices[:, 0] / prices[0, 0]
    return held


def risk_matched(result: BacktestResult) -> Floats:
    """Buy and hold in the constant share, rebalanced at every bar, whose returns have the deviation of the run's."""
    held = bar_returns(result.benchmark)
    deviation = float(np.std(held))
    share = float(np.std(result.returns())) / deviation if deviation > 0 else 0.0
    grown = np.maximum(np.cumprod(1 + share * held), 0.0)
    first = result.benchmark[0] / result.capital - 1
    start = result.capital * (1 + share * first)
    curve: Floats = np.concatenate(([start], start * grown))
    return curve


def equal_weight(prices: Floats, months: np.ndarray) -> Floats:
    """Growth of 1 at the first bar of the symbols (columns) that have a price, equally weighted at the first bar and at
    the last of each month; a symbol joins at the next of these after its first price.
    """
    growth = np.ones(len(prices))
    sets = np.unique(np.concatenate(([0], np.flatnonzero(months[1:] != months[:-1]))))
    for start, stop in zip(sets, [*sets[1:], len(prices) - 1], strict=True):
        known = np.isfinite(prices[start])
        if known.any():
            relative = prices[start + 1 : stop + 1, known] / prices[start, known]
            growth[start + 1 : stop + 1] = growth[start] * relative.mean(axis=1)
        else:
            growth[start + 1 : stop + 1] = growth[start]
    return growth
