"""Accounts of several symbols with equal parts of the capital, added up on the calendar of all.

Each symbol's account is that of ``kernels.orders``, to the bit. Their sum does not follow from fills alone, since the
weights drift: the equity is added up bar by bar, a position as a multiple of the closes, the rest as cash.

A *market* is a tuple: spans (symbols, ``SPAN``), where each symbol's rows lie in what follows; lines, drawdowns, fills
and prices of all accounts one after another; closes (symbols, bars of the calendar), carried forward; places, the bar
of the calendar for each bar of a symbol and a last one for none; shift, whether fills are at the open.

``metrics`` are total returns, Sharpe ratios per bar, drawdowns and numbers of trades, each (1 + symbols, combinations):
those of all together, then of each symbol.

Combinations are followed a ``TILE`` at a time through one symbol after the other, so that what a symbol's account needs
stays in the processor's cache. ``sums`` (combinations of the chunk, bars of the calendar) takes their equity where the
``symbols`` (first, stop) of a call are not all: the call with the last one completes the metrics. With all of them at
once it has no rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import add8, inlined, kernel
from engine.backtest.kernels.crossing import changes, crossings, make_buffers
from engine.backtest.kernels.holdings import PER_QUOTE, QUOTE, sharpe_of_returns, summarise
from engine.backtest.kernels.orders import alternate, list_orders, shift_to_fills
from engine.backtest.kernels.stops import has_stops, resolve, summarise_trades

# Columns of spans: bars, first row of the lines (and places), of the prices (and decisions), of drawdowns and their
# levels, of fills and how many those are.
BARS, LINES, PRICES, FALLS, LEVELS, FILLS, FILLED = range(7)
SPAN = 7

TILE = 8
"""Combinations that are followed together: their equity and a symbol's lines fit into a cache of a megabyte."""

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
    """Arrays of one thread: a symbol's trades; the scratch of ``stops.find_stop_exit`` of all symbols, and the setting
    that each symbol's is of; the equity of a tile of combinations.
    """
    symbols, count, calendar = len(market[0]), len(market[4]), market[5].shape[1]
    bars = 0
    for s in range(symbols):
        bars = max(bars, market[0][s, BARS])
    trades = (np.empty(bars + 1, np.int64), np.empty(bars + 1, np.int64), np.empty(bars + 1))
    memory = (np.full(count, -1), np.zeros(count), np.zeros(count))
    return trades, memory, np.full(symbols, -1), np.empty((TILE, calendar))


@inlined
def tile_equity(sums: Any, start: Any, count: Any, scratch: Any) -> Any:
    """The rows that the equity of the ``count`` combinations from ``start`` on is added up in."""
    if len(sums):
        return sums[start : start + count]
    scratch[3][:] = 0.0
    return scratch[3][:count]


@inlined
def symbol_in(market: Any, s: Any, scratch: Any) -> Any:
    """What one symbol of ``market`` is followed with: its account, closes on the calendar, places, and scratch."""
    span = market[0][s]
    first, last = span[PRICES], span[PRICES] + span[BARS]
    memory = scratch[1]
    own = memory[0][first:last], memory[1][first:last], memory[2][first:last]
    places = market[6][span[LINES] : span[LINES] + span[BARS] + 1]
    return account_in(market, s), market[5][s], places, own, scratch[2][s : s + 1], scratch[0]


@inlined
def follow_orders(orders: Any, count: Any, symbol: Any, rules: Any, row: Any, equity: Any) -> Any:
    """Figures and number of trades of a ``symbol_in`` whose ``orders`` are on the bars of their fills, at the setting
    ``row`` of ``rules``; its equity is added to ``equity``. ``orders`` are used up.
    """
    rule = rules[row]
    if not has_stops(rule):
        return follow_events(orders, 0, alternate(orders, count), symbol, rule, equity)
    made = resolve(orders, count, symbol[0], rule, stop_scratch(symbol, row), symbol[5])
    return follow_trades(made, symbol, rule, equity)


@inlined
def stop_scratch(symbol: Any, row: Any) -> Any:
    """The scratch of ``stops.find_stop_exit`` of a ``symbol_in`` at the setting ``row``."""
    _, _, _, own, setting, _ = symbol
    if setting[0] != row:
        own[0][:] = -1
        setting[0] = row
    return own


@inlined
def follow_trades(made: Any, symbol: Any, rule: Any, equity: Any) -> Any:
    """``follow_orders`` of the ``made`` trades of a ``symbol_in``."""
    account, closes, places, _, _, trades = symbol
    found = summarise_trades(trades, made, account[0], account[1], rule[0], rule[1])
    add_equity(equity, trades, made, account[0], closes, places, rule[0], rule[1])
    return found, made


@inlined
def follow_events(events: Any, first: Any, count: Any, symbol: Any, rule: Any, equity: Any) -> Any:
    """``follow_orders`` of the ``count`` fills from ``first`` on, entry, exit and so on, without stops."""
    account, closes, places, _, _, trades = symbol
    lines = account[0]
    found = summarise(events, first, count, lines, account[1], rule[0], rule[1])
    made = (count + 1) >> 1
    for k in range(made):
        trades[0][k] = events[first + 2 * k]
        trades[1][k] = events[first + 2 * k + 1] if 2 * k + 1 < count else len(lines) - 1
        trades[2][k] = lines[trades[1][k], QUOTE]
    add_equity(equity, trades, made, lines, closes, places, rule[0], rule[1])
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
        _add_between(equity, closes, at, begin, 0.0, cash)
        units = cash * (lines[entries[k], PER_QUOTE] * gain_in)
        _add_between(equity, closes, begin, end, units, 0.0)
        cash = units * (fill_prices[k] * gain_out)
        at = end
    _add_between(equity, closes, at, len(equity), 0.0, cash)


@inlined
def _add_between(equity: Any, closes: Any, first: Any, stop: Any, units: Any, cash: Any) -> Any:
    """Add ``units`` or ``cash``, the other of which is nothing, from the bar ``first`` to ``stop``. Most stretches are
    short, and eight bars cost as much as one.
    """
    last = len(equity) - 8
    while first < stop and first <= last:
        add8(equity, closes, first, stop - first, units, cash)
        first += 8
    for t in range(first, stop):
        equity[t] += units * closes[t] if units != 0.0 else cash


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
def store_portfolio_metrics(equity: Any, symbols: Any, metrics: Any, tile: Any) -> Any:
    """The figures of all together of the combinations in ``tile``, once every symbol has been followed."""
    for k in range(len(tile)):
        made = 0
        for s in range(symbols):
            made += metrics[3][s + 1, tile[k]]
        found = portfolio_metrics(equity[k], np.float64(symbols), metrics[2].shape[1] > 0)
        store_metrics(metrics, 0, tile[k], found, made)


@kernel
def evaluate_symbols(entries: Any, exits: Any, market: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any) -> Any:
    """``orders.evaluate_many`` of several symbols, whose decisions lie behind one another as their prices do."""
    symbols = len(market[0])
    scratch = make_symbol_scratch(market)
    capacity = len(scratch[0][0])
    orders, counts = np.empty((symbols, capacity), np.int64), np.empty(symbols, np.int64)
    used = np.empty(capacity, np.int64)
    for s in range(symbols):
        account = account_in(market, s)
        first, bars = market[0][s, PRICES], market[0][s, BARS]
        decided = list_orders(entries[first : first + bars], exits[first : first + bars], orders[s])
        counts[s] = shift_to_fills(orders[s], decided, account[2], account[4], bars)
    for start in range(0, len(chunk), TILE):
        tile = chunk[start : start + TILE]
        equity = tile_equity(scratch[3][:0], start, len(tile), scratch)
        for s in range(symbols):
            symbol, count = symbol_in(market, s, scratch), counts[s]
            for k in range(len(tile)):
                used[:count] = orders[s, :count]
                row = rule_of[tile[k]] if len(rule_of) else 0
                found, made = follow_orders(used, count, symbol, rules, row, equity[k])
                store_metrics(metrics, s + 1, tile[k], found, made)
        store_portfolio_metrics(equity, symbols, metrics, tile)


@kernel
def sweep_symbols(
    rows: Any, pairs: Any, market: Any, symbols: Any, sums: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any
) -> Any:
    """``crossing.sweep`` of several symbols.

    ``rows`` are, for the same lines of each of ``symbols``, the codes and the lines behind one another, where those
    begin and how wide both are (symbols, 4), starts and gaps (symbols, lines).
    """
    codes, values, places, starts, broken = rows
    count_of_lines = starts.shape[1]
    scratch = make_symbol_scratch(market)
    buffers = make_buffers(len(scratch[0][0]) + 1)
    for start in range(0, len(chunk), TILE):
        tile = chunk[start : start + TILE]
        equity = tile_equity(sums, start, len(tile), scratch)
        for s in range(symbols[0], symbols[1]):
            symbol, i = symbol_in(market, s, scratch), s - symbols[0]
            width, length = places[i, 2], places[i, 3]
            own_codes = codes[places[i, 0] : places[i, 0] + count_of_lines * width].reshape((count_of_lines, width))
            lines = values[places[i, 1] : places[i, 1] + count_of_lines * length].reshape((count_of_lines, length))
            own = own_codes, lines, starts[i], broken[i]
            for k in range(len(tile)):
                pair, row = pairs[tile[k]], rule_of[tile[k]] if len(rule_of) else 0
                found, made = _follow_pair(own, pair, symbol, rules, row, equity[k], buffers)
                store_metrics(metrics, s + 1, tile[k], found, made)
        if symbols[1] == len(market[0]):
            store_portfolio_metrics(equity, symbols[1], metrics, tile)


@inlined
def _follow_pair(own: Any, pair: Any, symbol: Any, rules: Any, row: Any, equity: Any, buffers: Any) -> Any:
    """``follow_orders`` of the crossings of two lines of a symbol."""
    codes, values, starts, broken = own
    account, fast, slow = symbol[0], pair[0], pair[1]
    events, fills, shift, bars = buffers[0], account[2], account[4], len(account[0]) - 1
    lead = values.shape[1] - bars
    first = -1
    count = 0
    if not broken[fast] and not broken[slow] and len(fills) == 0:
        first, count = changes(codes, values, fast, slow, max(starts[fast], starts[slow]), shift - lead, buffers)
    if first < 0:
        count = shift_to_fills(events, crossings(codes, values, fast, slow, lead, events), fills, shift, bars)
        return follow_orders(events, count, symbol, rules, row, equity)
    if count > first and events[count - 1] >= bars:
        count -= 1
    count -= first
    if not has_stops(rules[row]):
        return follow_events(events, first, count, symbol, rules[row], equity)
    for i in range(count):
        events[i] = 2 * events[first + i] + ((i + 1) & 1)
    return follow_orders(events, count, symbol, rules, row, equity)
