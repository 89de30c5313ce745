"""Sensitivity of the profit to the assumed fill prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.costs import BASIS_POINT
from engine.backtest.decisions import decide
from engine.backtest.result import REASONS, BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.market.bars import Bars, Floats
from engine.research.rerun import rerun
from engine.research.trade_order import MINIMUM_GROWTH, trade_returns
from engine.strategies import Allocation

AT_LEVEL = ("stop loss", "take profit", "trailing stop")
"""Exits that fill at a level and not at a quote of the bar."""


@dataclass(frozen=True, eq=False)
class FillSensitivity:
    """Total returns under other fills; None where the data do not allow them.

    ``next_open`` and ``same_close`` are the backtest with these fills. ``ambiguous`` counts the bars that touched both
    stop and target; ``best`` and ``worst`` resolve all of them for and against the strategy, and fill every other order
    at the best and the worst price of its bar. ``stale`` is the share of fills at the open of a bar that opens exactly
    at the previous close, None where nothing fills at an open.
    """

    next_open: float | None
    same_close: float | None
    ambiguous: int
    best: float | None
    worst: float | None
    stale: float | None


def fill_sensitivity(
    spec: BacktestSpec,
    result: BacktestResult,
    bars: Sequence[Bars],
    inputs: Mapping[str, Any],
    progress: Progress = silent,
) -> FillSensitivity:
    """The sensitivity of ``result`` to its fills, by two further backtests."""
    decisions = decide(spec, bars, inputs)
    totals: list[float | None] = []
    for done, fill in enumerate(("next_open", "same_close")):
        progress(done / 2, f"Fills at the {fill.replace('_', ' ')}")
        try:
            again = rerun(spec.model_copy(update={"fill": fill}), bars, inputs, decisions)
            totals.append(again.total)
        except DataError:  # closing prices only
            totals.append(None)
    has_range = all(item.series.has_ohlc for item in bars) and len(result.trade_pnl) > 0
    has_range &= not isinstance(spec.strategy, Allocation)  # whose trades have many fills
    best, worst = (extreme_total(spec, result, bars, sign) if has_range else None for sign in (1, -1))
    return FillSensitivity(
        next_open=totals[0],
        same_close=totals[1],
        ambiguous=int(result.trade_ambiguous.sum()),
        best=best,
        worst=worst,
        stale=stale_share(spec, result, bars),
    )


def extreme_total(spec: BacktestSpec, result: BacktestResult, bars: Sequence[Bars], sign: int) -> float:
    """Total return where every ambiguity within bars is resolved for (``sign`` 1) or against (-1) the strategy.

    Each trade keeps its fraction of the equity. Open positions keep their last value.
    """
    side, slip = result.trade_side, spec.costs.slip()
    entry = _extreme(result, bars, result.trade_entry_time, -sign * side) * (1 + side * slip)
    exit = _extreme(result, bars, result.trade_exit_time, sign * side) * (1 - side * slip)
    unchanged = np.isin(result.trade_reason, [REASONS.index(reason) for reason in AT_LEVEL]) | result.trade_open
    exit = np.where(unchanged, result.trade_exit_price, exit)
    target = spec.stops.take_profit
    if target is not None and sign > 0:
        exit = np.where(result.trade_ambiguous, entry * (1 + side * target) * (1 - side * slip), exit)
    paid = result.trade_entry_price
    fee = spec.costs.commission * BASIS_POINT
    actual = side * (result.trade_exit_price / paid - 1) - fee * result.trade_exit_price / paid
    extreme = side * (exit / entry - 1) - fee * exit / entry
    known = trade_returns(result)
    weight = np.divide(result.trade_size * paid, known.base, out=np.zeros(len(paid)), where=known.base > 0)
    was = np.exp(known.growth) if known.exact else np.ones(len(paid))
    moved = np.log(np.maximum(was + weight * (extreme - actual), MINIMUM_GROWTH)) - np.log(was)
    log_growth = np.log(max(float(result.equity[-1]) / result.capital, MINIMUM_GROWTH)) + float(moved.sum())
    return float(np.expm1(min(log_growth, 700.0)))


def _extreme(result: BacktestResult, bars: Sequence[Bars], times: NDArray[Any], direction: NDArray[Any]) -> Floats:
    """High of the bar at each of ``times`` where ``direction`` is positive, else its low."""
    found = np.empty(len(times))
    for index, item in enumerate(bars):
        of_symbol = result.trade_symbol == index
        bar = np.searchsorted(item.time, times[of_symbol])
        found[of_symbol] = np.where(direction[of_symbol] > 0, item.high[bar], item.low[bar])
    return found


def stale_share(spec: BacktestSpec, result: BacktestResult, bars: Sequence[Bars]) -> float | None:
    """The share of fills at the open of a bar that opens at the previous close, to 1e-9."""
    if spec.fill in ("next_close", "same_close"):
        return None
    at_level = np.isin(result.trade_reason, [REASONS.index(reason) for reason in AT_LEVEL]) | result.trade_open
    counted = repeated = 0
    for index, item in enumerate(bars):
        of_symbol = result.trade_symbol == index
        times = np.concatenate((result.trade_entry_time[of_symbol], result.trade_exit_time[of_symbol & ~at_level]))
        bar = np.searchsorted(item.time, times)
        bar = bar[bar > 0]
        before = item.close[bar - 1]
        counted += len(bar)
        repeated += int(np.sum(np.abs(item.open[bar] - before) <= 1e-9 * np.abs(before)))
    return repeated / counted if counted else None
