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

from engine.backtest.kernels.compiled import kernel, lean_inlined, lowest
from engine.backtest.kernels.holdings import summarise
from engine.backtest.kernels.multi_symbol import (
    TILE,
    follow_events,
    follow_orders,
    make_symbol_scratch,
    store_metrics,
    store_portfolio_metrics,
    symbol_in,
    tile_equity,
)
from engine.backtest.kernels.orders import make_scratch, order_metrics, record, reset_scratch, shift_to_fills
from engine.backtest.kernels.stops import has_stops

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


@kernel
def sweep(rows: Any, account: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any) -> Any:
    """Figures of the combinations in ``chunk``, into the same positions of ``metrics``: see ``crossing.sweep``."""
    bits, entries_of, exits_of, all_enter, all_exit, begin = rows
    lines, drawdowns, fills, _, shift, _ = account
    bars = len(lines) - 1
    width = begin[1]
    entries, exits = np.empty(width, np.uint64), np.empty(width, np.uint64)
    orders = np.empty(bars + 1, np.int64)
    scratch = make_scratch(bars)
    setting = -1
    for c in chunk:
        row = rule_of[c] if len(rule_of) else 0
        rule = rules[row]
        stops = has_stops(rule)
        if stops and row != setting:
            reset_scratch(scratch)
        setting = row
        combine(bits, entries_of[c], all_enter, 0, entries)
        combine(bits, exits_of[c], all_exit, 0, exits)
        if not stops and len(fills) == 0:
            count = list_fills(entries, exits, shift, bars, orders)
            found = summarise(orders, 0, count, lines, drawdowns, rule[0], rule[1])
            record(metrics, c, found, (count + 1) >> 1)
            continue
        count = shift_to_fills(orders, list_orders(entries, exits, orders), fills, shift, bars)
        found, number = order_metrics(orders, count, account, rule, scratch)
        record(metrics, c, found, number)


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
            fills, shift, bars = symbol[0][2], symbol[0][4], len(symbol[0][0]) - 1
            own = begin[s + 1] - begin[s]
            entries, exits = words[0][:own], words[1][:own]
            for k in range(len(tile)):
                c, row = tile[k], rule_of[tile[k]] if len(rule_of) else 0
                combine(bits, entries_of[c], all_enter, begin[s], entries)
                combine(bits, exits_of[c], all_exit, begin[s], exits)
                if has_stops(rules[row]) or len(fills):
                    count = shift_to_fills(orders, list_orders(entries, exits, orders), fills, shift, bars)
                    found, made = follow_orders(orders, count, symbol, rules, row, equity[k])
                else:
                    count = list_fills(entries, exits, shift, bars, orders)
                    found, made = follow_events(orders, 0, count, symbol, rules[row], equity[k])
                store_metrics(metrics, s + 1, c, found, made)
        store_portfolio_metrics(equity, symbols[1], metrics, tile)
