"""An account that is fully invested or in cash, summed up from its fills alone.

While the position is held the account's bar returns are the asset's. Their sum and the sum of their squares are
differences of two prefix sums, and the deepest fall of the closes is a query of a table: a trade costs the same
whether it lasts a day or a decade, and no equity curve is made.

A *line* holds what a fill at a bar needs, one cache line of eight float64 (``LINE``). *Events* are bars of fills:
entry, exit, entry and so on. What a fill costs is in two numbers: an entry turns cash C into units worth
``gain_in * C`` at the quote, 1 / ((1 + slip) (1 + commission)); an exit turns units worth V at the quote into
``gain_out * V`` of cash, (1 - slip) (1 - commission).

Figures are those of ``engine.backtest.metrics`` for the equity at each close, with the capital before the first bar.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import highest, kernel, lean_inlined

# Columns of a line: the close, 1 / quote, sums of returns and of their squares up to this bar; 1 / the close before,
# the quote, and the sums up to the bar before. A last line after those of the bars is empty.
CLOSE, PER_QUOTE, SUM, SQUARES, PER_BEFORE, QUOTE, SUM_BEFORE, SQUARES_BEFORE = range(8)
LINE = 8

_THIN = 1e-5  # part of the squares below which sums that cancel are not trusted


@kernel
def make_lines(close: Any, quote: Any) -> Any:
    """The lines of a series; ``close`` is carried, ``quote`` NaN where nothing can be filled. Sums are compensated:
    each is rounded once.
    """
    count = len(close)
    lines = np.zeros((count + 1, LINE))
    total = squares = compensation = squares_compensation = 0.0
    for t in range(count):
        line = lines[t]
        if t > 0:
            line[PER_BEFORE] = 1.0 / close[t - 1]
            line[SUM_BEFORE] = lines[t - 1, SUM]
            line[SQUARES_BEFORE] = lines[t - 1, SQUARES]
            change = close[t] / close[t - 1] - 1.0
            total, compensation = compensated_add(total, compensation, change)
            squares, squares_compensation = compensated_add(squares, squares_compensation, change * change)
        line[CLOSE] = close[t]
        line[QUOTE] = quote[t]
        line[PER_QUOTE] = 1.0 / quote[t]
        line[SUM] = total + compensation
        line[SQUARES] = squares + squares_compensation
    return lines


@lean_inlined
def compensated_add(total: Any, compensation: Any, value: Any) -> Any:
    """A running sum and what rounding has taken from it (Neumaier 1974)."""
    new = total + value
    if abs(total) >= abs(value):
        return new, compensation + ((total - new) + value)
    return new, compensation + ((value - new) + total)


@kernel
def make_drawdown_table(close: Any) -> Any:
    """Table (levels, bars, 4) of lowest and highest close and least ratio of a close to a higher one before it.

    A disjoint sparse table: on each level blocks of twice the size below are halved, and every bar has the figures of
    the way to the middle of its block. Two entries answer for any range. The fourth place is padding.
    """
    count = len(close)
    levels = max(highest(np.uint64(max(count - 1, 1))) + 1, 1)
    drawdowns = np.ones((levels, count, 4))
    for level in range(levels):
        half = 1 << level
        middle = half
        while middle - half < count:
            _fill_left(drawdowns[level], close, middle - half, min(middle, count))
            _fill_right(drawdowns[level], close, middle, min(middle + half, count))
            middle += 2 * half
    return drawdowns


@kernel
def _fill_left(table: Any, close: Any, start: Any, stop: Any) -> Any:
    low, high, least = np.inf, 0.0, 1.0
    for t in range(stop - 1, start - 1, -1):
        if close[t] > high:
            high = close[t]
        least = min(least, low / close[t]) if low < np.inf else 1.0
        low = min(low, close[t])
        table[t, 0] = low
        table[t, 1] = high
        table[t, 2] = least


@kernel
def _fill_right(table: Any, close: Any, start: Any, stop: Any) -> Any:
    low, high, least = np.inf, 0.0, 1.0
    for t in range(start, stop):
        low = min(low, close[t])
        high = max(high, close[t])
        least = min(least, close[t] / high)
        table[t, 0] = low
        table[t, 1] = high
        table[t, 2] = least


@lean_inlined
def update_drawdown(worst: Any, peak: Any, units: Any, drawdowns: Any, first: Any, last: Any) -> Any:
    """The worst ratio of equity to its peak and the peak, after closes ``first`` to ``last`` of ``units`` held."""
    level = max(highest(np.uint64(first ^ last)), 0)
    low = units * min(drawdowns[level, first, 0], drawdowns[level, last, 0])
    if low < worst * peak:
        worst = low / peak
    if drawdowns[level, last, 0] < worst * drawdowns[level, first, 1]:
        worst = drawdowns[level, last, 0] / drawdowns[level, first, 1]
    worst = min(worst, drawdowns[level, first, 2], drawdowns[level, last, 2])
    return worst, max(peak, units * max(drawdowns[level, first, 1], drawdowns[level, last, 1]))


@lean_inlined
def update_drawdown_in_cash(worst: Any, peak: Any, equity: Any) -> Any:
    """The same after one close at which all is cash."""
    if equity < worst * peak:
        worst = equity / peak
    return worst, max(peak, equity)


@lean_inlined
def max_drawdown(events: Any, first: Any, count: Any, lines: Any, drawdowns: Any, gain_in: Any, gain_out: Any) -> Any:
    """Maximum drawdown, zero or negative, of the account with the ``count`` events from ``first`` on."""
    bars = len(lines) - 1
    equity = peak = worst = 1.0
    pairs = count >> 1
    for k in range(pairs):
        entry, exit = events[first + 2 * k], events[first + 2 * k + 1]
        units = equity * (lines[entry, PER_QUOTE] * gain_in)
        worst, peak = update_drawdown(worst, peak, units, drawdowns, entry, exit - 1)
        equity = units * (lines[exit, QUOTE] * gain_out)
        worst, peak = update_drawdown_in_cash(worst, peak, equity)
    if count & 1:
        entry = events[first + count - 1]
        units = equity * (lines[entry, PER_QUOTE] * gain_in)
        worst, peak = update_drawdown(worst, peak, units, drawdowns, entry, bars - 1)
    return worst - 1.0


@lean_inlined
def return_sums(events: Any, first: Any, count: Any, lines: Any, gain_in: Any, gain_out: Any) -> Any:
    """Sum of the account's bar returns, of their squares, and the growth of its capital."""
    bars = len(lines) - 1
    total = squares = 0.0
    growth = 1.0
    if count > 0 and events[first] == 0:  # a return needs a close before it
        start = lines[0, CLOSE] * lines[0, PER_QUOTE] * gain_in - 1.0
        total, squares = -start, -start * start
    pairs = count >> 1
    for k in range(pairs):
        entry, exit = events[first + 2 * k], events[first + 2 * k + 1]
        start = lines[entry, CLOSE] * lines[entry, PER_QUOTE] * gain_in - 1.0
        end = lines[exit, QUOTE] * lines[exit, PER_BEFORE] * gain_out - 1.0
        total += (lines[exit, SUM_BEFORE] - lines[entry, SUM]) + (start + end)
        squares += (lines[exit, SQUARES_BEFORE] - lines[entry, SQUARES]) + (start * start + end * end)
        growth *= (lines[entry, PER_QUOTE] * gain_in) * (lines[exit, QUOTE] * gain_out)
    if count & 1:
        entry = events[first + count - 1]
        start = lines[entry, CLOSE] * lines[entry, PER_QUOTE] * gain_in - 1.0
        total += (lines[bars - 1, SUM] - lines[entry, SUM]) + start
        squares += (lines[bars - 1, SQUARES] - lines[entry, SQUARES]) + start * start
        growth *= (lines[entry, PER_QUOTE] * gain_in) * lines[bars - 1, CLOSE]
    return total, squares, growth


@lean_inlined
def sharpe_from_sums(total: Any, squares: Any, lines: Any) -> Any:
    """Mean over deviation (n - 1) of the returns with these sums; -inf where sums that cancel cannot tell."""
    bars = len(lines) - 1
    if squares == 0.0 or bars < 3:
        return np.nan
    mean = total / (bars - 1)
    squared_deviations = squares - total * mean
    if squared_deviations < _THIN * squares or squares < _THIN * lines[bars - 1, SQUARES] or squared_deviations < 1e-20:
        return -np.inf
    return mean / np.sqrt(squared_deviations / (bars - 2))


@kernel
def sharpe_of_returns(returns: Any) -> Any:
    """``metrics.sharpe_per_bar`` of bar returns: NaN where they do not vary but for rounding."""
    mean = np.mean(returns)
    deviation = np.sqrt(np.sum((returns - mean) ** 2) / (len(returns) - 1))
    return mean / deviation if deviation > 1e-14 + 1e-12 * np.max(np.abs(returns)) else np.nan


@kernel
def returns_of(events: Any, first: Any, count: Any, lines: Any, gain_in: Any, gain_out: Any) -> Any:
    """The account's bar returns one by one: what ``return_sums`` adds up."""
    bars = len(lines) - 1
    equity = np.ones(bars)
    cash = 1.0
    at = 0
    for i in range(0, count, 2):
        entry = events[first + i]
        exit = events[first + i + 1] if i + 1 < count else bars
        equity[at:entry] = cash
        units = cash * (lines[entry, PER_QUOTE] * gain_in)
        equity[entry:exit] = units * lines[entry:exit, CLOSE]
        cash = units * (lines[exit, QUOTE] * gain_out)
        at = exit
    equity[at:] = cash
    return equity[1:] / equity[:-1] - 1.0


@kernel
def exact_sharpe(events: Any, first: Any, count: Any, lines: Any, gain_in: Any, gain_out: Any) -> Any:
    """The Sharpe ratio per bar by the bar returns themselves."""
    return sharpe_of_returns(returns_of(events, first, count, lines, gain_in, gain_out))


@lean_inlined
def summarise(events: Any, first: Any, count: Any, lines: Any, drawdowns: Any, gain_in: Any, gain_out: Any) -> Any:
    """Total return, Sharpe ratio per bar (NaN if undefined) and maximum drawdown (NaN without ``drawdowns``) of the
    ``count`` events from ``first`` on.
    """
    total, squares, growth = return_sums(events, first, count, lines, gain_in, gain_out)
    sharpe = sharpe_from_sums(total, squares, lines)
    if sharpe == -np.inf:
        sharpe = exact_sharpe(events, first, count, lines, gain_in, gain_out)
    fall = max_drawdown(events, first, count, lines, drawdowns, gain_in, gain_out) if len(drawdowns) else np.nan
    return growth - 1.0, sharpe, fall
