"""Bars on which nothing can happen to an account but that its positions are worth something else.

Most bars are such: nobody decides, nothing waits, no dividend is paid. They are taken through without the events of a
bar (see ``kernels.account``), to the same figures, bit by bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import lean, lean_inlined
from engine.backtest.kernels.protection import margin_way
from engine.backtest.kernels.records import NOTHING


@lean_inlined
def is_quiet(t: int, bars: Any, decisions: Any) -> bool:
    """Whether every symbol has a close and none a decision."""
    quiet = True
    for s in range(decisions.shape[1]):
        quiet = quiet and decisions[t, s] == NOTHING and not np.isnan(bars[t, s].close)
    return quiet


@lean_inlined
def value_at(t: int, bars: Any, book: Any, cash: float) -> tuple[float, float]:
    """Equity and size of all positions at a close that all symbols have."""
    value, size = cash, 0.0
    for s in range(len(book)):
        if book[s].units != 0.0:
            value_held = book[s].units * bars[t, s].close
            value += value_held
            size += abs(value_held)
    return value, size


@lean
def pass_calm(
    first: int,
    until: int,
    bars: Any,
    years: Any,
    decisions: Any,
    book: Any,
    totals: Any,
    rules: Any,
    holding: bool,
    short: bool,
    equity: Any,
    gross: Any,
) -> int:
    """Take the account from the bar ``first`` to the next on which something can happen, at most ``until``, which is
    returned. Nothing waits at ``first``; a position may be called while one is ``short`` or cash is borrowed.
    """
    t, now, cash = first, totals.now, totals.cash
    while t < until and is_quiet(t, bars, decisions):
        if holding and (short or cash < -1e-9 * totals.equity):
            if not margin_way(t, bars, book, totals, rules) < 0.0:
                break
            value, size = value_at(t, bars, book, cash)
            if value <= 0.0:
                break
            for s in range(len(book)):
                book[s].mark = bars[t, s].close  # where the next bar has no open
        else:
            value, size = value_at(t, bars, book, cash)
            if value <= 0.0:
                break
        now += years[t]
        totals.equity = value
        equity[t] = value
        gross[t] = size
        t += 1
    if t > first:
        totals.now = now
        for s in range(len(book)):
            position = book[s]
            position.quote = position.mark = bars[t - 1, s].close
            position.seen = now
            position.held += max(t - 1 - max(first - 1, position.entry_bar), 0)
    return t
