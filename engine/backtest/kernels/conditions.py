"""Accounts of combinations whose decisions are conjunctions or disjunctions of conditions, 64 bars at once.

A *condition* is a row of words, bit by bit whether it holds on a bar; each is computed once and shared by all
combinations that have it. A combination's entries and exits are then a few operations on words, and its account goes
from fill to fill by looking for the next bit that is set.

``rows`` are ``bits`` (conditions, words); ``entries`` and ``exits`` (combinations, conditions of a side) int32, the
rows of each combination; whether all of them must hold, for either side; and ``begin`` (symbols + 1), the first word of
each symbol. *Orders*, *accounts* and metrics are those of ``kernels.orders`` and ``kernels.multi_symbol``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import inlined, kernel, lean, lean_inlined, lowest
from engine.backtest.kernels.holdings import summarise
from engine.backtest.kernels.multi_symbol import (
    TILE,
    follow_events,
    follow_orders,
    follow_trades,
    make_symbol_scratch,
    stop_scratch,
    store_metrics,
    store_portfolio_metrics,
    symbol_in,
    tile_equity,
)
from engine.backtest.kernels.orders import make_scratch, order_metrics, record, reset_scratch, shift_to_fills
from engine.backtest.kernels.stops import fill_trade, has_stops, summarise_trades

_ONE, _TWO, _NONE = np.uint64(1), np.uint64(2), np.uint64(0)


@lean_inlined
def combine(bits: Any, conditions: Any, all_hold: Any, begin: Any, words: Any) -> Any:
    """Into ``words``, which begin at ``begin``, where all or any of the rows ``conditions`` of ``bits`` hold."""
    width = len(words)
    for w in range(width):
        words[w] = bits[conditions[0], begin + w]
    for k in range(1, len(conditions)):
        for w in range(width):
            other = bits[conditions[k], begin + w]
            words[w] = words[w] & other if all_hold else words[w] | other


@lean_inlined
def list_fills(entries: Any, exits: Any, shift: Any, bars: Any, events: Any) -> Any:
    """Bars (plus ``shift``) of the fills that change what is held, entry, exit, entry and so on; returns how many.
    Where both sides decide it is an exit.
    """
    count = at = 0
    ahead = ~_NONE  # the bits of the word that lie ahead
    width = len(entries)
    while True:
        word = entries[at] & ~exits[at] & ahead
        while word == 0:
            at += 1
            if at == width:
                return count
            word = entries[at] & ~exits[at]
        place = lowest(word)
        if (at << 6) + place + shift >= bars:
            return count
        events[count] = (at << 6) + place + shift
        count += 1
        word = exits[at] & ~((_TWO << np.uint64(place)) - _ONE)
        while word == 0:
            at += 1
            if at == width:
                return count
            word = exits[at]
        place = lowest(word)
        if (at << 6) + place + shift >= bars:
            return count
        events[count] = (at << 6) + place + shift
        count += 1
        ahead = ~((_TWO << np.uint64(place)) - _ONE)


@lean_inlined
def next_bit(words: Any, at: Any) -> Any:
    """The first bit of ``words`` that is set, from the bit ``at`` on; 64 behind the last word where none is."""
    place = at >> 6
    if place >= len(words):
        return (len(words) + 1) << 6
    word = words[place] & (~_NONE << np.uint64(at & 63))
    while word == 0:
        place += 1
        if place == len(words):
            return (place + 1) << 6
        word = words[place]
    return (place << 6) + lowest(word)


@lean
def list_trades(entries: Any, exits: Any, account: Any, rule: Any, scratch: Any, trades: Any) -> Any:
    """``stops.resolve`` of decisions that are filled ``shift`` bars later, from one that counts to the next: those that
    change nothing are not looked at, of which there are many where a condition holds on many bars.
    """
    bars, shift = len(account[0]) - 1, account[4]
    for w in range(len(entries)):
        entries[w] &= ~exits[w]
    made = 0
    entry = next_bit(entries, 0) + shift
    while entry < bars:
        leave = next_bit(exits, entry - shift + 1) + shift
        last = fill_trade(entry, leave, made, account, rule, scratch, trades)
        made += 1
        entry = next_bit(entries, last - shift + 1) + shift
    return made


@lean_inlined
def list_orders(entries: Any, exits: Any, orders: Any) -> Any:
    """Orders at the bars of all decisions; where both sides decide it is an exit."""
    count = 0
    for w in range(len(entries)):
        decided = entries[w] | exits[w]
        while decided != 0:
            place = lowest(decided)
            orders[count] = 2 * ((w << 6) + place) + 1 - np.int64((exits[w] >> np.uint64(place)) & _ONE)
            count += 1
            decided &= decided - _ONE
    return count


@lean_inlined
def follow(entries: Any, exits: Any, account: Any, rule: Any, orders: Any, scratch: Any) -> Any:
    """``orders.order_metrics`` of the words of a combination, which are used up."""
    lines, drawdowns, fills, _, shift, _ = account
    bars = len(lines) - 1
    if len(fills):
        count = shift_to_fills(orders, list_orders(entries, exits, orders), fills, shift, bars)
        return order_metrics(orders, count, account, rule, scratch)
    if has_stops(rule):
        made = list_trades(entries, exits, account, rule, scratch[1], scratch[0])
        return summarise_trades(scratch[0], made, lines, drawdowns, rule[0], rule[1]), made
    count = list_fills(entries, exits, shift, bars, orders)
    return summarise(orders, 0, count, lines, drawdowns, rule[0], rule[1]), (count + 1) >> 1


@kernel
def sweep(rows: Any, account: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any) -> Any:
    """Figures of the combinations in ``chunk``, into the same positions of ``metrics``: see ``crossing.sweep``."""
    bits, entries_of, exits_of, all_enter, all_exit, begin = rows
    bars = len(account[0]) - 1
    width = begin[1]
    entries, exits = np.empty(width, np.uint64), np.empty(width, np.uint64)
    orders = np.empty(bars + 1, np.int64)
    scratch = make_scratch(bars)
    setting = -1
    for c in chunk:
        row = rule_of[c] if len(rule_of) else 0
        rule = rules[row]
        if row != setting and has_stops(rule):
            reset_scratch(scratch)
        setting = row
        combine(bits, entries_of[c], all_enter, 0, entries)
        combine(bits, exits_of[c], all_exit, 0, exits)
        found, number = follow(entries, exits, account, rule, orders, scratch)
        record(metrics, c, found, number)


@inlined
def follow_symbol(entries: Any, exits: Any, symbol: Any, rules: Any, row: Any, orders: Any, equity: Any) -> Any:
    """``multi_symbol.follow_orders`` of the words of a combination, which are used up."""
    account = symbol[0]
    fills, shift, bars = account[2], account[4], len(account[0]) - 1
    if len(fills):
        count = shift_to_fills(orders, list_orders(entries, exits, orders), fills, shift, bars)
        return follow_orders(orders, count, symbol, rules, row, equity)
    if has_stops(rules[row]):
        made = list_trades(entries, exits, account, rules[row], stop_scratch(symbol, row), symbol[5])
        return follow_trades(made, symbol, rules[row], equity)
    count = list_fills(entries, exits, shift, bars, orders)
    return follow_events(orders, 0, count, symbol, rules[row], equity)


@kernel
def sweep_symbols(
    rows: Any, market: Any, symbols: Any, sums: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any
) -> Any:
    """``sweep`` of several symbols; ``symbols`` are all of them."""
    bits, entries_of, exits_of, all_enter, all_exit, begin = rows
    scratch = make_symbol_scratch(market)
    width = (len(scratch[0][0]) + 63) // 64
    words = np.empty(width, np.uint64), np.empty(width, np.uint64)
    orders = np.empty(len(scratch[0][0]), np.int64)
    for start in range(0, len(chunk), TILE):
        tile = chunk[start : start + TILE]
        equity = tile_equity(sums, start, len(tile), scratch)
        for s in range(symbols[0], symbols[1]):
            symbol = symbol_in(market, s, scratch)
            own = begin[s + 1] - begin[s]
            entries, exits = words[0][:own], words[1][:own]
            for k in range(len(tile)):
                c, row = tile[k], rule_of[tile[k]] if len(rule_of) else 0
                combine(bits, entries_of[c], all_enter, begin[s], entries)
                combine(bits, exits_of[c], all_exit, begin[s], exits)
                found, made = follow_symbol(entries, exits, symbol, rules, row, orders, equity[k])
                store_metrics(metrics, s + 1, c, found, made)
        store_portfolio_metrics(equity, symbols[1], metrics, tile)
