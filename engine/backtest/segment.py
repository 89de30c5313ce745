"""The account over a segment of bars and its metrics: a backtest, a cell of a sweep, a window of a walk-forward.

The segment of a test begins mid-history, at the close before its first bar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.backtest.costs import BASIS_POINT, Costs
from engine.backtest.decisions import Decisions, decide
from engine.backtest.fill_prices import forward_fill
from engine.backtest.measured import MeasuredBars, from_start, times_of
from engine.backtest.metrics import equity_metrics, summary_metrics
from engine.backtest.simulator import AccountRun, combined_equity, simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars, Floats, Times, periods_per_year, spans_month
from engine.market.panel import align


@dataclass(frozen=True, eq=False)
class Segment:
    """``equity`` at each close of ``time``, from ``capital`` at the close before (``prior_time``, an array of one,
    empty where there is none); the number of ``trades`` opened; ``held_before``: the strategy's last decision before
    the segment left a position open.
    """

    prior_time: Times
    time: Times
    equity: Floats
    capital: float
    trades: int
    held_before: bool

    def metrics(self) -> dict[str, float | None]:
        """``metrics.equity_metrics`` of the segment, from the close before it on, and its number of trades."""
        return segment_metrics(self.prior_time, self.time, self.equity, self.capital) | {"trades": float(self.trades)}

    def summary(self) -> tuple[float, float | None, float]:
        """``metrics.summary_metrics`` of the same."""
        times, equity = with_prior(self.prior_time, self.time, self.equity, self.capital)
        per_year = periods_per_year(times) if spans_month(times) else float("nan")
        return summary_metrics(equity, per_year, self.capital)


def segment_metrics(prior_time: Times, time: Times, equity: Floats, capital: float) -> dict[str, float | None]:
    """``metrics.equity_metrics`` of an account that has ``capital`` at the close ``prior_time``."""
    times, equity = with_prior(prior_time, time, equity, capital)
    return equity_metrics(times, equity, periods_per_year(times), capital)


def with_prior(prior_time: Times, time: Times, equity: Floats, capital: float) -> tuple[Times, Floats]:
    """Times and equity from the close ``prior_time`` on, where there is one."""
    return np.concatenate([prior_time, time]), np.concatenate([np.full(len(prior_time), capital), equity])


def simulate_from(
    spec: BacktestSpec,
    known: Sequence[Bars],
    inputs: Mapping[str, Any],
    start: np.datetime64,
    *,
    resume: bool = False,
    close: bool = False,
) -> Segment:
    """The account of ``spec`` from the close before ``start`` to the end of ``known``, with ``spec.capital``.

    With ``resume`` the last decision before ``start`` is carried forward to that close. With ``close`` open positions
    are closed at the last close, at the commission, slippage and spread of any other fill.
    """
    decided, bars = decide(spec, known, inputs), from_start(spec, known, start, lead=1)
    followed = decided.since(start, known, spec.direction, resume=resume).on(bars)
    found = account(spec, bars, followed, start, close=close)
    return replace(found, held_before=decided.in_position_before(start, known, spec.direction))


def simulate_measured(spec: BacktestSpec, bars: MeasuredBars, inputs: Mapping[str, Any]) -> Segment:
    """The account of ``spec`` on ``bars`` as in a backtest."""
    return account(spec, bars, decide(spec, bars, inputs))


def account(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    start: np.datetime64 | None = None,
    *,
    close: bool = False,
) -> Segment:
    """The account on ``bars`` that executes ``decisions``; bars before ``start`` only set the prior close."""
    runs = simulate_accounts(spec, bars, decisions, record_trades=close)
    found = _combined(spec, bars, runs, start)
    if close:
        leaving = sum(_closing_costs(spec.costs, bars, item) for item in runs)
        found.equity[-1] = max(found.equity[-1] - leaving, 0.0)
    return found


def accounts(spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions) -> list[Segment]:
    """``account``, followed by its parts where it is the sum of one account per symbol, each on its own bars."""
    runs = simulate_accounts(spec, bars, decisions, record_trades=False)
    combined, share = _combined(spec, bars, runs), spec.capital / len(runs)
    if len(runs) == 1:
        return [combined]
    parts = [item.account for item in runs]
    return [combined, *(Segment(part.time[:0], part.time, part.equity, share, part.count, False) for part in parts)]


def _combined(
    spec: BacktestSpec, bars: Sequence[Bars], runs: Sequence[AccountRun], start: np.datetime64 | None = None
) -> Segment:
    time = times_of(bars)
    equity, first = combined_equity(time, spec.capital, runs), 0 if start is None else int(np.searchsorted(time, start))
    trades = sum(item.account.count for item in runs)
    return Segment(
        time[max(first - 1, 0) : first], time[first:], equity[first:], spec.capital, trades, held_before=False
    )


def in_cash(bars: Sequence[Bars], start: np.datetime64, capital: float) -> Segment:
    """The segment from ``start`` on of an account that never trades: an equity of ``capital`` at every bar."""
    time = times_of(bars)
    first = int(np.searchsorted(time, start))
    prior_time, time = time[max(first - 1, 0) : first], time[first:]
    return Segment(prior_time, time, np.full(len(time), capital), capital, 0, False)


def _closing_costs(costs: Costs, bars: Sequence[Bars], run: AccountRun) -> float:
    """Cost of closing all positions at the last close."""
    orders, total = run.account.orders, 0.0
    for place, index in enumerate(run.symbols):
        units = float(orders["units"][orders["symbol"] == place].sum())
        if not run.account.trades.is_open[run.account.trades.symbol == place].any():
            continue
        mark, shares = float(forward_fill(bars[index].close)[-1]), float(align([bars[index]]).shares[-1, 0])
        price, size = mark * (1 - np.sign(units) * costs.slip()), abs(units)
        fee = costs.per_order + costs.per_share * shares * size + costs.commission * BASIS_POINT * size * price
        total += size * abs(mark - price) + max(fee, costs.minimum)
    return float(total)
