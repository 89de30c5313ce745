"""Stops and targets of an account that is fully invested or in cash. ``engine.backtest.account`` has the rules.

When a position leaves by a stop follows from the bar at which it was entered and from nothing else. In a sweep many
combinations enter at the same bars, so the way from each is walked once, and only as far as anybody has held.

A *rule* is a row of seven numbers: gain_in, gain_out (see ``holdings``), 1 + slip, stop loss, take profit, trailing
stop (NaN for none), time stop (0 for none).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import kernel, lean, lean_inlined
from engine.backtest.kernels.holdings import (
    CLOSE,
    PER_BEFORE,
    PER_QUOTE,
    QUOTE,
    SQUARES,
    SQUARES_BEFORE,
    SUM,
    SUM_BEFORE,
    sharpe_from_sums,
    sharpe_of_returns,
    update_drawdown,
    update_drawdown_in_cash,
)

_NEVER = 1 << 62


@lean
def find_stop_exit(entry: Any, until: Any, entry_price: Any, prices: Any, rule: Any, at_open: Any, scratch: Any) -> Any:
    """The bar before ``until`` at which the position entered at ``entry`` leaves by a stop, or a later one, and the
    quote; ``scratch`` has, for each entry, the next bar to look at (-1 not begun, -2 - bar left there), the best price
    seen and the quote.
    """
    seen, best, quote = scratch
    if seen[entry] < -1:
        return -2 - seen[entry], quote[entry]
    if seen[entry] == -1:
        seen[entry] = entry if at_open else entry + 1
        best[entry] = entry_price
    fixed = entry_price * (1.0 - rule[3])
    target = entry_price * (1.0 + rule[4])
    high = best[entry]
    for t in range(seen[entry], min(until, len(prices))):
        open = prices[t, 0]
        if np.isnan(open):
            continue
        trail = high * (1.0 - rule[5])
        level = trail if np.isnan(fixed) or trail > fixed else fixed
        stopped, reached = prices[t, 2] <= level, prices[t, 1] >= target
        if stopped or reached:
            beyond = (stopped and open <= level) or (reached and open >= target)
            quote[entry] = open if beyond else level if stopped else target
            seen[entry] = -2 - t
            return t, quote[entry]
        if prices[t, 1] > high:
            high = prices[t, 1]
    seen[entry] = max(seen[entry], until)
    best[entry] = high
    return _NEVER, 0.0


@kernel
def find_stop_exits(rules: Any, entries: Any, until: Any, account: Any, exits: Any, quotes: Any) -> Any:
    """``find_stop_exit`` of each of ``rules`` for positions entered at the open of each of the bars ``entries``, of
    which none is held beyond ``until`` (rules, entries): where a stop is met, its bar and quote into the same places of
    ``exits`` and ``quotes``.
    """
    lines, prices = account[0], account[3]
    bars = len(lines) - 1
    scratch = np.empty(bars, np.int64), np.zeros(bars), np.zeros(bars)
    for r in range(len(rules)):
        scratch[0][:] = -1
        for c in range(len(entries)):
            price = lines[entries[c], QUOTE] * rules[r, 2]
            hit, quote = find_stop_exit(entries[c], until[r, c], price, prices, rules[r], True, scratch)
            if hit < _NEVER:
                exits[r, c], quotes[r, c] = hit, quote


@lean_inlined
def has_stops(rule: Any) -> Any:
    """Whether a rule has any."""
    return not (np.isnan(rule[3]) and np.isnan(rule[4]) and np.isnan(rule[5]) and rule[6] == 0)


@lean_inlined
def fill_trade(entry: Any, leave: Any, made: Any, account: Any, rule: Any, scratch: Any, trades: Any) -> Any:
    """Into the place ``made`` of ``trades`` the position entered at the bar ``entry``, which a decision closes at
    ``leave``, unless a stop does so before; returns the last bar whose orders it takes no notice of.

    A stop on the bar of an order comes after it where orders fill at the open, and before it where they fill at the
    close. An entry that was decided before the stop was reached, or at the close at which a time stop was decided, is
    not heard.
    """
    lines, _, fills, prices, shift, at_open = account
    entries, exits, fill_prices = trades
    bars = len(lines) - 1
    clock = entry + np.int64(rule[6]) + shift if rule[6] > 0 else _NEVER
    leave = min(leave, clock, bars)
    price = lines[entry, QUOTE] * rule[2]
    hit, quote = find_stop_exit(entry, leave if at_open else leave + 1, price, prices, rule, at_open, scratch)
    entries[made] = entry
    if hit < leave or (hit == leave and not at_open and hit < bars):
        exits[made], fill_prices[made] = hit, quote
        return hit - 1 if shift == 0 else fills[hit - 1] if len(fills) else hit
    exits[made] = leave
    fill_prices[made] = lines[leave, QUOTE]
    return leave


@lean
def resolve(orders: Any, count: Any, account: Any, rule: Any, scratch: Any, trades: Any) -> Any:
    """The trades that come of ``orders`` with stops: bars of entry and exit and the exit's quote, into ``trades``;
    returns how many. An exit at ``bars`` is none: the position is still open.
    """
    bars = len(account[0]) - 1
    made = 0
    i = 0
    while i < count:
        if orders[i] & 1 == 0:
            i += 1
            continue
        entry = orders[i] >> 1
        i += 1
        j = i
        while j < count and orders[j] & 1:
            j += 1
        leave = orders[j] >> 1 if j < count else bars
        last = fill_trade(entry, leave, made, account, rule, scratch, trades)
        made += 1
        while i < count and orders[i] >> 1 <= last:
            i += 1
    return made


@lean
def return_sums_of_trades(trades: Any, count: Any, lines: Any, gain_in: Any, gain_out: Any) -> Any:
    """``holdings.return_sums`` where a position may be closed on the bar of its entry, or another opened on that of its
    exit.
    """
    entries, exits, fill_prices = trades
    bars = len(lines) - 1
    total = squares = 0.0
    growth = 1.0
    left, last = -1, 0.0
    for k in range(count):
        entry, exit = entries[k], exits[k]
        if exit == entry:
            last = lines[entry, PER_QUOTE] * gain_in * (fill_prices[k] * gain_out) - 1.0
            total += last
            squares += last * last
            growth *= (lines[entry, PER_QUOTE] * gain_in) * (fill_prices[k] * gain_out)
            left = exit
            continue
        first = lines[entry, CLOSE] * lines[entry, PER_QUOTE] * gain_in - 1.0
        if entry == left:
            both = (1.0 + last) * (1.0 + first) - 1.0
            total += both - last
            squares += both * both - last * last
        elif entry > 0:
            total += first
            squares += first * first
        if exit < bars:
            last = fill_prices[k] * lines[exit, PER_BEFORE] * gain_out - 1.0
            total += (lines[exit, SUM_BEFORE] - lines[entry, SUM]) + last
            squares += (lines[exit, SQUARES_BEFORE] - lines[entry, SQUARES]) + last * last
            growth *= (lines[entry, PER_QUOTE] * gain_in) * (fill_prices[k] * gain_out)
        else:
            total += lines[bars - 1, SUM] - lines[entry, SUM]
            squares += lines[bars - 1, SQUARES] - lines[entry, SQUARES]
            growth *= (lines[entry, PER_QUOTE] * gain_in) * lines[bars - 1, CLOSE]
        left = exit
    return total, squares, growth


@lean
def max_drawdown_of_trades(trades: Any, count: Any, lines: Any, drawdowns: Any, gain_in: Any, gain_out: Any) -> Any:
    """``holdings.max_drawdown`` of such trades."""
    entries, exits, fill_prices = trades
    bars = len(lines) - 1
    equity = peak = worst = 1.0
    for k in range(count):
        entry, exit = entries[k], exits[k]
        units = equity * (lines[entry, PER_QUOTE] * gain_in)
        if exit > entry:
            worst, peak = update_drawdown(worst, peak, units, drawdowns, entry, exit - 1)
        if exit < bars:
            equity = units * (fill_prices[k] * gain_out)
            if k + 1 == count or entries[k + 1] != exit:
                worst, peak = update_drawdown_in_cash(worst, peak, equity)
    return worst - 1.0


@kernel
def returns_of_trades(trades: Any, count: Any, lines: Any, gain_in: Any, gain_out: Any) -> Any:
    """``holdings.returns_of`` such trades."""
    entries, exits, fill_prices = trades
    bars = len(lines) - 1
    equity = np.ones(bars)
    cash = 1.0
    at = 0
    for k in range(count):
        entry, exit = entries[k], exits[k]
        equity[at:entry] = cash
        units = cash * (lines[entry, PER_QUOTE] * gain_in)
        equity[entry:exit] = units * lines[entry:exit, CLOSE]
        cash = units * (fill_prices[k] * gain_out)
        at = exit
    equity[at:] = cash
    return equity[1:] / equity[:-1] - 1.0


@kernel
def exact_sharpe_of_trades(trades: Any, count: Any, lines: Any, gain_in: Any, gain_out: Any) -> Any:
    """``holdings.exact_sharpe`` of such trades."""
    return sharpe_of_returns(returns_of_trades(trades, count, lines, gain_in, gain_out))


@lean
def summarise_trades(trades: Any, count: Any, lines: Any, drawdowns: Any, gain_in: Any, gain_out: Any) -> Any:
    """``holdings.summarise`` of such trades."""
    total, squares, growth = return_sums_of_trades(trades, count, lines, gain_in, gain_out)
    sharpe = sharpe_from_sums(total, squares, lines)
    if sharpe == -np.inf:
        sharpe = exact_sharpe_of_trades(trades, count, lines, gain_in, gain_out)
    fall = max_drawdown_of_trades(trades, count, lines, drawdowns, gain_in, gain_out) if len(drawdowns) else np.nan
    return growth - 1.0, sharpe, fall
