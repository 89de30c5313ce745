"""The account of one combination of an allocation: weights in, returns out, nothing recorded of its trades."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.account import run
from engine.backtest.kernels.compiled import lean, lean_inlined
from engine.backtest.kernels.records import NOTHING, TO_WEIGHT

_SLACK = 1.0 + 1e-12  # of a ratio: more than its rounding


@lean_inlined
def _order(weight: float, part: float, long_only: bool, codes: Any, amounts: Any, t: int, s: int) -> None:
    if np.isnan(weight):
        codes[t, s] = NOTHING
        amounts[t, s] = np.nan
    else:
        codes[t, s] = TO_WEIGHT
        amounts[t, s] = (max(weight, 0.0) if long_only else weight) * part


@lean
def request(weights: Any, rows: Any, part: float, long_only: bool, codes: Any, amounts: Any) -> None:
    """Into ``codes`` and ``amounts`` (bars, symbols) the orders of ``weights`` on the bars at ``rows``; on the first
    bar each symbol's last weight up to it.
    """
    for s in range(weights.shape[1]):
        last = rows[0]
        while last > 0 and np.isnan(weights[last, s]):
            last -= 1
        _order(weights[last, s], part, long_only, codes, amounts, 0, s)
    for t in range(1, len(rows)):
        for s in range(weights.shape[1]):
            _order(weights[rows[t], s], part, long_only, codes, amounts, t, s)


@lean
def follow(weights: Any, how: Any, market: Any, rules: Any, state: Any, scratch: Any, nothing: Any) -> Any:
    """Take an account through the bars of ``market``: its ``bars``, ``years``, ``payments`` and the ``places`` of the
    calendar's bars among them, empty where they are the same. Of ``scratch`` the last two become its value at each
    close of the calendar, and the returns between them.

    ``how`` are ``rows``, ``part`` and ``long_only`` of ``request``; ``state`` is the book and the totals at the start;
    ``nothing`` are empty distances of stops, trades and orders. Returns the size of the largest return and the maximum
    drawdown.
    """
    codes, amounts, gross, own, equity, returns = scratch
    bars, years, payments, places = market
    distances, trades, orders = nothing
    book, totals = state
    capital = totals.cash
    request(weights, how[0], how[1], how[2], codes, amounts)
    if len(places) == 0:
        run(bars, years, payments, codes, amounts, distances, rules, book, trades, orders, totals, equity, gross)
    else:
        run(bars, years, payments, codes, amounts, distances, rules, book, trades, orders, totals, own, gross)
        for t in range(len(places)):
            equity[t] = own[places[t]]
    return bar_returns(equity, returns), deepest(equity, capital)


@lean_inlined
def bar_returns(equity: Any, out: Any) -> float:
    """``metrics.bar_returns`` into ``out``; returns the largest of their sizes."""
    for t in range(len(out)):
        before = equity[t]
        out[t] = (equity[t + 1] / before if before > 0.0 else 1.0) - 1.0
    largest = 0.0
    for t in range(len(out)):
        largest = max(largest, abs(out[t]))
    return largest


@lean_inlined
def deepest(equity: Any, capital: float) -> float:
    """The least of ``metrics.drawdown``; a quotient is taken only where it may be the least so far."""
    peak, worst = capital, np.inf
    for t in range(len(equity)):
        peak = max(peak, equity[t])
        if equity[t] < worst * peak * _SLACK:
            worst = min(worst, equity[t] / peak)
    return worst - 1.0


@lean
def square_deviations(values: Any, mean: float) -> None:
    """Each of ``values`` becomes the square of its distance to ``mean``."""
    for t in range(len(values)):
        apart = values[t] - mean
        values[t] = apart * apart
