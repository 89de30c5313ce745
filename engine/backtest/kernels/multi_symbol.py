"""Accounts of several symbols with equal parts of the capital, added up on the calendar of all.

Each symbol's account is that of ``kernels.orders``, to the bit. Their sum does not follow from fills alone, since the
weights drift: the equity is added up bar by bar, a position as a multiple of the closes, the rest as cash.

A *market* is a tuple: spans (symbols, ``SPAN``), where each symbol's rows lie in what follows; lines, drawdowns, fills
and prices of all accounts one after another; closes (symbols, bars of the calendar), carried forward; places, the bar
of the calendar for each bar of a symbol and a last one for none; shift, whether fills are at the open.

``metrics`` are total returns, Sharpe ratios per bar, drawdowns and numbers of trades, each (1 + symbols, combinations):
those of all together, then of each symbol.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import inlined, kernel
from engine.backtest.kernels.crossing import changes, crossings, make_buffers
from engine.backtest.kernels.holdings import PER_QUOTE, QUOTE, sharpe_of_returns, summarise
from engine.backtest.kernels.orders import alternate, list_orders, shift_to_fills
from engine.backtest.kernels.stops import has_stops, resolve, summarise_trades

# Columns of spans: bars, first row of the lines (and places), of the prices (and decisions), of drawdowns and their
# levels, of fills and how many those are.
BARS, LINES, PRICES, FALLS, LEVELS, FILLS, FILLED = range(7)
SPAN = 7

_THIN = 1e-5  # part of the squares below which sums that cancel are not trusted
_BLOCK = 64  # bars between two looks for a deeper fall


@inlined
def account_in(market: Any, s: Any) -> Any:
    """The account of one symbol of ``market``."""
    spans, lines, drawdowns, fills, prices, _, _, shift, at_open = market
    span = spans[s]
    bars, levels = span[BARS], span[LEVELS]
    table = drawdowns[span[FALLS] : span[FALLS] + levels * bars * 4].reshape((levels, bars, 4))
    return (
        lines[span[LINES] : span[LINES] + bars + 1],
        table,
        fills[span[FILLS] : span[FILLS] + span[FILLED]],
        prices[span[PRICES] : span[PRICES] + bars],
        shift,
        at_open,
    )


@kernel
def make_symbol_scratch(market: Any) -> Any:
    """Arrays for one combination: the equity of all, one symbol's trades, and each symbol's scratch of
    ``stops.find_stop_exit``.
    """
    bars = 0
    for s in range(len(market[0])):
        bars = max(bars, market[0][s, BARS])
    trades = (np.empty(bars + 1, np.int64), np.empty(bars + 1, np.int64), np.empty(bars + 1))
    count = len(market[4])
    return np.zeros(market[5].shape[1]), trades, (np.full(count, -1), np.zeros(count), np.zeros(count))


@inlined
def simulate_symbol(orders: Any, count: Any, market: Any, s: Any, rule: Any, scratch: Any) -> Any:
    """Figures and number of trades of a symbol whose ``orders`` are on the bars of their fills; its equity is added to
    that of the scratch. ``orders`` are used up.
    """
    equity, trades, memory = scratch
    account = account_in(market, s)
    lines, drawdowns = account[0], account[1]
    span = market[0][s]
    if has_stops(rule):
        first, last = span[PRICES], span[PRICES] + span[BARS]
        own = (memory[0][first:last], memory[1][first:last], memory[2][first:last])
        made = resolve(orders, count, account, rule, own, trades)
        found = summarise_trades(trades, made, lines, drawdowns, rule[0], rule[1])
    else:
        count = alternate(orders, count)
        found = summarise(orders, 0, count, lines, drawdowns, rule[0], rule[1])
        made = (count + 1) >> 1
        for k in range(made):
            trades[0][k] = orders[2 * k]
            trades[1][k] = orders[2 * k + 1] if 2 * k + 1 < count else len(lines) - 1
            trades[2][k] = lines[trades[1][k], QUOTE]
    places = market[6][span[LINES] : span[LINES] + span[BARS] + 1]
    add_equity(equity, trades, made, lines, market[5][s], places, rule[0], rule[1])
    return found, made


@inlined
def add_equity(
    equity: Any, trades: Any, count: Any, lines: Any, closes: Any, places: Any, gain_in: Any, gain_out: Any
) -> Any:
    """Add to ``equity`` that of an account with these ``trades`` and a capital of 1."""
    entries, exits, fill_prices = trades
    cash = 1.0
    at = 0
    for k in range(count):
        begin, end = places[entries[k]], places[exits[k]]
        for t in range(max(at, 0), begin):
            equity[t] += cash
        units = cash * (lines[entries[k], PER_QUOTE] * gain_in)
        for t in range(max(begin, 0), end):
            equity[t] += units * closes[t]
        cash = units * (fill_prices[k] * gain_out)
        at = end
    for t in range(at, len(equity)):
        equity[t] += cash


@inlined
def portfolio_metrics(equity: Any, capital: Any, with_drawdown: Any) -> Any:
    """Total return, Sharpe ratio per bar (NaN if undefined) and maximum drawdown (NaN unless asked for)."""
    bars = len(equity)
    fall = max_drawdown_of(equity, capital) if with_drawdown else np.nan
    return equity[bars - 1] / capital - 1.0, sharpe_of(equity), fall


@inlined
def sharpe_of(equity: Any) -> Any:
    """Mean over deviation (n - 1) of the bar returns; in four running sums, which a processor forms at once."""
    bars = len(equity)
    if bars < 3:
        return np.nan
    a = b = c = d = 0.0
    aa = bb = cc = dd = 0.0
    t = 1
    while t + 3 < bars:
        w, x = equity[t] / equity[t - 1] - 1.0, equity[t + 1] / equity[t] - 1.0
        y, z = equity[t + 2] / equity[t + 1] - 1.0, equity[t + 3] / equity[t + 2] - 1.0
        a, b, c, d = a + w, b + x, c + y, d + z
        aa, bb, cc, dd = aa + w * w, bb + x * x, cc + y * y, dd + z * z
        t += 4
    while t < bars:
        w = equity[t] / equity[t - 1] - 1.0
        a, aa = a + w, aa + w * w
        t += 1
    total, squares = (a + b) + (c + d), (aa + bb) + (cc + dd)
    mean = total / (bars - 1)
    squared_deviations = squares - total * mean
    if squared_deviations < _THIN * squares or squared_deviations < 1e-20:
        return sharpe_of_returns(equity[1:] / equity[:-1] - 1.0)
    return mean / np.sqrt(squared_deviations / (bars - 2))


@inlined
def max_drawdown_of(equity: Any, capital: Any) -> Any:
    """Maximum drawdown from ``capital`` or a later peak. A stretch is looked at bar by bar only where its lowest equity
    lies deep enough below the highest so far, its own included.
    """
    peak, worst = capital, 1.0
    for start in range(0, len(equity), _BLOCK):
        stop = min(start + _BLOCK, len(equity))
        low, high = np.inf, 0.0
        for t in range(start, stop):
            low = equity[t] if equity[t] < low else low
            high = equity[t] if equity[t] > high else high
        if low < worst * max(peak, high):
            for t in range(start, stop):
                peak = max(peak, equity[t])
                worst = min(worst, equity[t] / peak)
        peak = max(peak, high)
    return worst - 1.0


@inlined
def store_metrics(metrics: Any, row: Any, at: Any, found: Any, trades: Any) -> Any:
    """Figures into their place."""
    metrics[0][row, at], metrics[1][row, at], metrics[3][row, at] = found[0], found[1], trades
    if metrics[2].shape[1]:
        metrics[2][row, at] = found[2]


@inlined
def store_portfolio_metrics(scratch: Any, symbols: Any, metrics: Any, at: Any) -> Any:
    """The figures of all together, once every symbol has been followed."""
    made = 0
    for s in range(symbols):
        made += metrics[3][s + 1, at]
    store_metrics(metrics, 0, at, portfolio_metrics(scratch[0], np.float64(symbols), metrics[2].shape[1] > 0), made)


@kernel
def evaluate_symbols(entries: Any, exits: Any, market: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any) -> Any:
    """``orders.evaluate_many`` of several symbols, whose decisions lie behind one another as their prices do."""
    symbols = len(market[0])
    scratch = make_symbol_scratch(market)
    capacity = len(scratch[1][0])
    orders, counts = np.empty((symbols, capacity), np.int64), np.empty(symbols, np.int64)
    used = np.empty(capacity, np.int64)
    for s in range(symbols):
        account = account_in(market, s)
        first, bars = market[0][s, PRICES], market[0][s, BARS]
        decided = list_orders(entries[first : first + bars], exits[first : first + bars], orders[s])
        counts[s] = shift_to_fills(orders[s], decided, account[2], account[4], bars)
    setting = -1
    for c in chunk:
        row = rule_of[c] if len(rule_of) else 0
        if row != setting:
            scratch[2][0][:] = -1
        setting = row
        scratch[0][:] = 0.0
        for s in range(symbols):
            count = counts[s]
            used[:count] = orders[s, :count]
            found, made = simulate_symbol(used, count, market, s, rules[row], scratch)
            store_metrics(metrics, s + 1, c, found, made)
        store_portfolio_metrics(scratch, symbols, metrics, c)


@kernel
def sweep_symbols(rows: Any, pairs: Any, market: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any) -> Any:
    """``crossing.sweep`` of several symbols.

    ``rows`` are, for the same lines of each symbol, the codes and the lines behind one another, where those begin and
    how wide both are (symbols, 4), starts and gaps (symbols, lines).
    """
    codes, values, places, starts, broken = rows
    symbols, count_of_lines = starts.shape
    scratch = make_symbol_scratch(market)
    buffers = make_buffers(len(scratch[1][0]) + 1)
    events = buffers[0]
    setting = -1
    for c in chunk:
        fast, slow = pairs[c, 0], pairs[c, 1]
        row = rule_of[c] if len(rule_of) else 0
        if row != setting:
            scratch[2][0][:] = -1
        setting = row
        scratch[0][:] = 0.0
        for s in range(symbols):
            width, length = places[s, 2], places[s, 3]
            own_codes = codes[places[s, 0] : places[s, 0] + count_of_lines * width].reshape((count_of_lines, width))
            lines = values[places[s, 1] : places[s, 1] + count_of_lines * length].reshape((count_of_lines, length))
            count = orders_of(own_codes, lines, starts[s], broken[s], fast, slow, account_in(market, s), buffers)
            found, made = simulate_symbol(events, count, market, s, rules[row], scratch)
            store_metrics(metrics, s + 1, c, found, made)
        store_portfolio_metrics(scratch, symbols, metrics, c)


@inlined
def orders_of(
    codes: Any, values: Any, starts: Any, broken: Any, fast: Any, slow: Any, account: Any, buffers: Any
) -> Any:
    """Orders of one pair of lines on the bars of their fills, into the events of ``buffers``; returns how many."""
    events, fills, shift, bars = buffers[0], account[2], account[4], len(account[0]) - 1
    lead = values.shape[1] - bars
    first = -1
    count = 0
    if not broken[fast] and not broken[slow] and len(fills) == 0:
        first, count = changes(codes, values, fast, slow, max(starts[fast], starts[slow]), shift - lead, buffers)
    if first < 0:
        return shift_to_fills(events, crossings(codes, values, fast, slow, lead, events), fills, shift, bars)
    if count > first and events[count - 1] >= bars:
        count -= 1
    count -= first
    for i in range(count):
        events[i] = 2 * events[first + i] + ((i + 1) & 1)
    return count
