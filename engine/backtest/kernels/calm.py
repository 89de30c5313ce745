"""Bars on which nothing can happen to an account but that its positions are worth something else.

Most bars are such: nobody decides what is not so already, nothing waits, no dividend is paid. They are taken through
without the events of a bar (see ``kernels.account``), to the same figures, bit by bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import lean, lean_inlined
from engine.backtest.kernels.protection import margin_way
from engine.backtest.kernels.records import EXIT, EXIT_LONG, EXIT_SHORT, GO_LONG, GO_SHORT, NOTHING


@lean_inlined
def is_idle(code: int, units: float) -> bool:
    """Whether a decision changes nothing about ``units`` for which no order waits."""
    if units > 0.0:
        return code in (NOTHING, GO_LONG, EXIT_SHORT)
    if units < 0.0:
        return code in (NOTHING, GO_SHORT, EXIT_LONG)
    return code in (NOTHING, EXIT, EXIT_LONG, EXIT_SHORT)


@lean_inlined
def is_quiet(t: int, bars: Any, decisions: Any, book: Any) -> bool:
    """Whether every symbol has a close and no decision that changes something."""
    quiet = True
    for s in range(len(book)):
        quiet = quiet and is_idle(decisions[t, s], book[s].units) and not np.isnan(bars[t, s].close)
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


@lean_inlined
def is_called(bar: Any, units: float, mark: float, cash: float, rules: Any) -> bool:
    """``protection.margin_way`` of the only position, which has no stop, in one question."""
    first = mark if np.isnan(bar.open) else bar.open
    worst = bar.low if units > 0.0 else bar.high
    if np.isnan(bar.open) or np.isnan(worst):
        worst = first
    worst = min(worst, first) if units > 0.0 else max(worst, first)
    at_open, at_worst = cash + units * first, cash + units * worst
    needed_open, needed_worst = abs(units * first), abs(units * worst)
    if not units < 0.0 and cash >= -1e-9 * needed_open:
        return False
    spare_open = at_open - rules.maintenance * needed_open
    return not (spare_open >= 0.0 and at_worst - rules.maintenance * needed_worst >= 0.0)


@lean_inlined
def accrued(units: float, mark: float, cash: float, rules: Any) -> float:
    """Interest on an account of one symbol, in cash a year: what shorts brought in earns nothing."""
    short = -(units * mark) if units < 0.0 else 0.0
    free = cash - short
    return free * (rules.cash_yield if free > 0.0 else rules.margin_rate) - short * rules.borrow_cost


@lean
def pass_alone(
    first: int,
    until: int,
    bars: Any,
    years: Any,
    decisions: Any,
    book: Any,
    totals: Any,
    rules: Any,
    equity: Any,
    gross: Any,
) -> int:
    """``pass_calm`` of an account of one symbol, which may earn and owe interest: what it has stays in the processor's
    registers.
    """
    position, t, now, funds, before = book[0], first, totals.now, totals.cash, totals.equity
    units, mark, interest = position.units, position.mark, totals.interest
    while t < until:
        close = bars[t, 0].close
        if np.isnan(close) or not is_idle(decisions[t, 0], units):
            break
        earned = accrued(units, mark, funds, rules) * years[t] if t > 0 else 0.0
        cash = funds + earned
        held = units * close
        watched = units < 0.0 or (units > 0.0 and cash < -1e-9 * before)
        if watched and is_called(bars[t, 0], units, mark, cash, rules):
            break
        value = cash + held if units != 0.0 else cash
        if value <= 0.0:
            break
        mark = close
        now += years[t]
        before = value
        funds = cash
        interest += earned
        equity[t] = value
        gross[t] = abs(held) if units != 0.0 else 0.0
        t += 1
    if t > first:
        totals.now, totals.cash, totals.equity, totals.interest = now, funds, before, interest
        position.quote = position.mark = mark
        position.seen = now
        position.held += max(t - 1 - max(first - 1, position.entry_bar), 0)
    return t


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
    if len(book) == 1:
        return pass_alone(first, until, bars, years, decisions, book, totals, rules, equity, gross)
    t, now, cash = first, totals.now, totals.cash
    while t < until and is_quiet(t, bars, decisions, book):
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
