"""The account over a segment of bars and its metrics: a backtest, a cell of a sweep, a window of a walk-forward.

The segment of a test begins in the middle of a strategy's life, at the close before its first bar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.backtest.costs import BASIS_POINT, Costs
from engine.backtest.decisions import Decisions, decide
from engine.backtest.fill_prices import forward_fill
from engine.backtest.measured import Measured, from_start, times_of
from engine.backtest.metrics import equity_metrics, summary_metrics
from engine.backtest.simulator import AccountRun, curve, simulate_accounts
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Bars, Floats, Times, periods_per_year, spans_month
from engine.market.panel import align


@dataclass(frozen=True, eq=False)
class Segment:
    """``equity`` at each close of ``time``, out of ``capital``, which it is at the close before (``lead``, an array of
    one, empty where there is none); how many ``trades`` were opened; whether the strategy's last decision ``before``
    the stretch was to hold something.
    """

    lead: Times
    time: Times
    equity: Floats
    capital: float
    trades: int
    before: bool

    def metrics(self) -> dict[str, float | None]:
        """``metrics.equity_metrics`` of the stretch, from the close before it on, and its number of trades."""
        return segment_metrics(self.lead, self.time, self.equity, self.capital) | {"trades": float(self.trades)}

    def summary(self) -> tuple[float, float | None, float]:
        """``metrics.summary_metrics`` of the same."""
        whole, equity = with_lead(self.lead, self.time, self.equity, self.capital)
        per_year = periods_per_year(whole) if spans_month(whole) else float("nan")
        return summary_metrics(equity, per_year, self.capital)


def segment_metrics(lead: Times, time: Times, equity: Floats, capital: float) -> dict[str, float | None]:
    """``metrics.equity_metrics`` of an account that has ``capital`` at the close ``lead``."""
    whole, equity = with_lead(lead, time, equity, capital)
    return equity_metrics(whole, equity, periods_per_year(whole), capital)


def with_lead(lead: Times, time: Times, equity: Floats, capital: float) -> tuple[Times, Floats]:
    """Times and equity from the close ``lead`` on, where there is one."""
    return np.concatenate([lead, time]), np.concatenate([np.full(len(lead), capital), equity])


def follow(
    spec: BacktestSpec,
    known: Sequence[Bars],
    inputs: Mapping[str, Any],
    start: np.datetime64,
    *,
    resume: bool = False,
    close: bool = False,
) -> Segment:
    """The account of ``spec`` from the close before ``start`` to the end of ``known``, with ``spec.capital``.

    With ``resume`` the last decision before ``start`` counts as one of that close. With ``close`` what is held
    at the end is sold at the last close; that costs commission, slippage and spread, as any other fill.
    """
    decided, bars = decide(spec, known, inputs), from_start(spec, known, start, lead=1)
    followed = decided.since(start, known, spec.direction, resume=resume).on(bars)
    found = account(spec, bars, followed, start, close=close)
    return replace(found, before=decided.holds_before(start, known, spec.direction))


def measure(spec: BacktestSpec, bars: Measured, inputs: Mapping[str, Any]) -> Segment:
    """The account of ``spec`` on ``bars`` as a backtest keeps it."""
    return account(spec, bars, decide(spec, bars, inputs))


def account(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    decisions: Decisions,
    start: np.datetime64 | None = None,
    *,
    close: bool = False,
) -> Segment:
    """The account on ``bars`` that follows ``decisions``; those before ``start``, if that is given, are its lead."""
    kept = simulate_accounts(spec, bars, decisions, record_trades=close)
    found = _together(spec, bars, kept, start)
    if close:
        leaving = sum(_cost_of_leaving(spec.costs, bars, item) for item in kept)
        found.equity[-1] = max(found.equity[-1] - leaving, 0.0)
    return found


def accounts(spec: BacktestSpec, bars: Sequence[Bars], decisions: Decisions) -> list[Segment]:
    """``account``; where it is the sum of several, one for each symbol, these follow, each on its own bars."""
    kept = simulate_accounts(spec, bars, decisions, record_trades=False)
    whole, share = _together(spec, bars, kept), spec.capital / len(kept)
    if len(kept) == 1:
        return [whole]
    parts = [item.account for item in kept]
    return [whole, *(Segment(part.time[:0], part.time, part.equity, share, part.count, False) for part in parts)]


def _together(
    spec: BacktestSpec, bars: Sequence[Bars], kept: Sequence[AccountRun], start: np.datetime64 | None = None
) -> Segment:
    time = times_of(bars)
    equity, first = curve(time, spec.capital, kept), 0 if start is None else int(np.searchsorted(time, start))
    trades = sum(item.account.count for item in kept)
    return Segment(time[max(first - 1, 0) : first], time[first:], equity[first:], spec.capital, trades, before=False)


def idle(bars: Sequence[Bars], start: np.datetime64, capital: float) -> Segment:
    """A stretch that is spent in cash."""
    time = times_of(bars)
    first = int(np.searchsorted(time, start))
    lead, time = time[max(first - 1, 0) : first], time[first:]
    return Segment(lead, time, np.full(len(time), capital), capital, 0, False)


def _cost_of_leaving(costs: Costs, bars: Sequence[Bars], holding: AccountRun) -> float:
    """What selling all that is held at the last close costs."""
    orders, total = holding.account.orders, 0.0
    for place, index in enumerate(holding.symbols):
        units = float(orders["units"][orders["symbol"] == place].sum())
        if not holding.account.trades.is_open[holding.account.trades.symbol == place].any():
            continue
        mark, shares = float(forward_fill(bars[index].close)[-1]), float(align([bars[index]]).shares[-1, 0])
        price, size = mark * (1 - np.sign(units) * costs.slip()), abs(units)
        fee = costs.per_order + costs.per_share * shares * size + costs.commission * BASIS_POINT * size * price
        total += size * abs(mark - price) + max(fee, costs.minimum)
    return float(total)
